import { setTimeout as delay } from 'node:timers/promises';
import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { readWebhookId } from '../webhook-events.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

/** It takes 10 s at most to bring one, and others may be before it. */
const WAIT_MS = 25_000;
const LOOK_MS = 200;

export const configWebhookTest = defineCommand({
  name: 'config webhook test',
  operands: 'NUMBER',
  summary: 'have an event of no mail be brought to a webhook, and say what came of it',
  help: `The relay of the server brings it, as it brings others: it must run. The event is {"event":"test"}. Exit code 1: it was not taken.
${SERVER_OPTIONS_HELP}

Example:
  postel config webhook test 3`,
  options: SERVER_OPTIONS,
  parse(line) {
    return { id: readWebhookId(operands(line, 'number').number), server: namedServer(line) };
  },
  async run({ id, server }, invocation) {
    const { useDatabase } = await import('../use-database.ts');
    const { DirectoryError, openDirectory } = await import('@postel/directory');
    const { isEventTaken, noteTestEvent, removeEvent } = await import('@postel/queue');
    await useDatabase(invocation, server, async ({ database, signal }) => {
      const directory = openDirectory(database);
      try {
        const { pausedAt, url } = await directory.webhooks.read(id);
        if (pausedAt !== null) {
          throw new CommandError(`Webhook ${id} is paused: postel config webhook update ${id} --resume.`);
        }
        const sequence = await noteTestEvent(database.sql, id);
        let isTaken: boolean | null = null;
        for (let waitedMs = 0; isTaken === null && waitedMs < WAIT_MS && !signal.aborted; waitedMs += LOOK_MS) {
          await delay(LOOK_MS);
          isTaken = await isEventTaken(database.sql, sequence);
        }
        if (isTaken === true) return invocation.terminal.say(`${url} has taken event ${sequence}.`);
        const { lastFailure } = await directory.webhooks.read(id);
        await removeEvent(database.sql, sequence);
        throw new CommandError(
          isTaken === null
            ? `Nobody brought the event: does the relay run (relay: on)?`
            : `${url} did not take it: ${lastFailure ?? 'it is not known why'}.`,
        );
      } catch (error) {
        if (error instanceof DirectoryError) throw new CommandError(`${error.message}.`, { cause: error });
        throw error;
      } finally {
        await directory.close();
      }
    });
  },
});

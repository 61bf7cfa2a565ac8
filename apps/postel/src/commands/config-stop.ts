import { setTimeout as wait } from 'node:timers/promises';
import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

/** As long as systemd is told to wait. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;

export const configStop = defineCommand({
  name: 'config stop',
  alsoCalled: ['stop'],
  operands: '',
  summary: 'stop the server that runs on this host, and wait until it has',
  help: `As SIGTERM does: ports close, IMAP clients hear BYE, what is in hand is finished, the database stops last. Other hosts of the
same database go on. Where systemd started it: systemctl stop postel.

${SERVER_OPTIONS_HELP}

Examples:
  postel config stop
  postel --data data/localserve config stop`,
  options: SERVER_OPTIONS,
  parse(line) {
    operands(line);
    return { server: namedServer(line) };
  },
  async run({ server }, invocation) {
    const { findPlace, findRunning } = await import('../running-servers.ts');
    const { isRunning, signalProcess } = await import('../data-directory/process-identity.ts');
    const place = await findPlace(server, invocation);
    const running = findRunning(place);
    const { terminal } = invocation;
    if (running.length === 0) {
      terminal.say(`Postel does not run on ${place.directory.path}.`);
      return;
    }
    for (const { pid } of running) {
      try {
        signalProcess(pid, 'SIGTERM');
      } catch (error) {
        throw new CommandError(`Process ${pid} is another user's: stop it as that user, or as root.`, { cause: error });
      }
    }
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (running.some(isRunning)) {
      if (performance.now() > giveUpAt)
        throw new CommandError(`It has not stopped yet; see ${place.directory.runFile}.`);
      await wait(LOOK_AGAIN_MS);
    }
    terminal.say(`Stopped Postel on ${place.directory.path}.`);
  },
});

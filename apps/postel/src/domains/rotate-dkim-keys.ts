import { type DkimKeyLook, dkimRecordName, rotateDkimKeys as nextStep } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { useDirectory } from '../use-directory.ts';
import type { NamedServer } from '../which-server.ts';
import { dkimKeyAsJson, sayDkimRecords } from './dkim-keys-shown.ts';
import { resolverFor } from './domain-server.ts';

interface RotateArgs {
  readonly domain: string;
  readonly isNow: boolean;
  readonly asJson: boolean;
  readonly server: NamedServer;
}

/** The next step: makes new keys, or sees whether those that wait may sign. */
export async function rotateDkimKeys(
  { domain, isNow, asJson, server }: RotateArgs,
  invocation: Invocation,
): Promise<void> {
  const { terminal } = invocation;
  const { resolver } = await resolverFor(server, invocation);
  const { looks, made } = await useDirectory(invocation, server, ({ dkimKeys }) =>
    nextStep(resolver, dkimKeys, domain, isNow),
  );
  if (asJson) {
    for (const key of made) terminal.say(JSON.stringify(dkimKeyAsJson(key)));
    for (const { key, state } of looks) terminal.say(JSON.stringify({ ...dkimKeyAsJson(key), dns: state }));
    return;
  }
  if (made.length > 0) {
    terminal.say(
      isNow
        ? 'The new keys sign from now on. Publish in the DNS, at once:'
        : 'Publish in the DNS, and keep what is there; an hour after these are seen the new keys sign:',
    );
    sayDkimRecords(terminal, made);
    if (!isNow) terminal.say(`\nHow far it is: postel config dkim rotate ${domain}`);
  }
  for (const look of looks) sayLook(terminal, look);
}

function sayLook(terminal: Terminal, { key, state }: DkimKeyLook): void {
  const { selector } = key;
  switch (state) {
    case 'published':
      terminal.say(
        key.state === 'active'
          ? `${selector} is published, and signs from now on. Keep the record of the key that it replaces for 14 days.`
          : `${selector} is published. It signs once the DNS has had it for an hour, so that all name servers do; nothing is left to do.`,
      );
      return;
    case 'missing':
      terminal.say(`${selector} is not published yet, or the DNS still remembers that it was not. Publish:`);
      sayDkimRecords(terminal, [key]);
      return;
    case 'different':
      terminal.say(
        `At ${dkimRecordName(key)} the DNS has something else, or more than one record. Leave this alone there:`,
      );
      sayDkimRecords(terminal, [key]);
      return;
    case 'unknown':
      terminal.warn(`the DNS does not say whether ${dkimRecordName(key)} is published: try again later`);
      return;
    default:
      state satisfies never;
  }
}

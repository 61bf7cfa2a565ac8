import { DKIM_ALGORITHMS, type DkimKeySummary, type DkimKeys } from '@postel/directory';
import { type DkimKeyLook, dkimRecordName, lookForDkimKeys } from '@postel/domain-records';
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
  const { looks, made } = await useDirectory(invocation, server, async ({ dkimKeys }) => {
    const waiting = (await dkimKeys.list(domain)).filter(({ state }) => state === 'made');
    if (isNow) {
      const keys = waiting.length > 0 ? waiting : await makeKeys(dkimKeys, domain);
      for (const { selector } of keys) await dkimKeys.activate(domain, selector);
      const all = await dkimKeys.list(domain);
      return { looks: [], made: all.filter(({ selector }) => keys.some((key) => key.selector === selector)) };
    }
    if (waiting.length > 0) return { looks: await lookForDkimKeys(resolver, dkimKeys, domain), made: [] };
    return { looks: [], made: await makeKeys(dkimKeys, domain) };
  });
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

/** Of each algorithm that signs; of all, if none does. */
async function makeKeys(dkimKeys: DkimKeys, domain: string): Promise<readonly DkimKeySummary[]> {
  const signs = (await dkimKeys.list(domain)).filter(({ state }) => state === 'active');
  const algorithms = DKIM_ALGORITHMS.filter((each) => signs.some(({ algorithm }) => algorithm === each));
  const made: DkimKeySummary[] = [];
  for (const each of algorithms.length > 0 ? algorithms : DKIM_ALGORITHMS) made.push(await dkimKeys.add(domain, each));
  return made;
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

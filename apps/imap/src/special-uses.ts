import { No } from './command.ts';

/**
 * Special uses that a mailbox may be given (RFC 6154 §2, RFC 8457 §3), in the spelling of the RFCs: those that are no more than
 * advice to the client. The server has no virtual mailbox for \All or \Flagged.
 */
const SPECIAL_USES = new Map(
  ['\\Archive', '\\Drafts', '\\Important', '\\Junk', '\\Sent', '\\Trash'].map((use) => [use.toLowerCase(), use]),
);

/**
 * The one special use among these, as clients write them; null if there are none.
 *
 * @throws {No} [USEATTR] several, or one that no mailbox can have
 */
export function chosenUse(names: readonly string[]): string | null {
  const uses = new Set(names.map((name) => SPECIAL_USES.get(name.toLowerCase())));
  const [first = null, ...more] = uses;
  if (uses.has(undefined) || more.length > 0) {
    throw new No(`A mailbox can have one of ${[...SPECIAL_USES.values()].join(', ')}`, 'USEATTR');
  }
  return first;
}

/** Special uses are between an account and its mail programs: RFC 6154 §2. */
export const notYourUse = () => new No('Only mailboxes of your own can have a special use', 'USEATTR');

import { HIERARCHY_DELIMITER } from '@postel/storage';

/** Where mailboxes of other accounts stand, by their owners: RFC 2342 §5. Nobody has a mailbox of their own there. */
export const OTHER_USERS = 'Other Users';
const PREFIX = `${OTHER_USERS}${HIERARCHY_DELIMITER}`;

/** Whose a mailbox is, and what its owner calls it. */
export interface OwnedName {
  /** The name of an account. */
  readonly owner: string;
  readonly name: string;
}

/** Whether a name is no name of a mailbox of one's own. */
export function isOfOtherUsers(name: string): boolean {
  return name === OTHER_USERS || name.startsWith(PREFIX);
}

/** Whether mailboxes of that owner are at or below a name, or that name at or below theirs. */
export function mayStandBelow(owner: string, name: string): boolean {
  return name === OTHER_USERS || `${name}${HIERARCHY_DELIMITER}`.startsWith(`${PREFIX}${owner}${HIERARCHY_DELIMITER}`);
}

/** Takes the name of a mailbox of somebody else apart; null if it is no such name. */
export function parseOwnedName(name: string): OwnedName | null {
  if (!name.startsWith(PREFIX)) return null;
  const end = name.indexOf(HIERARCHY_DELIMITER, PREFIX.length);
  return end < 0 ? null : { owner: name.slice(PREFIX.length, end), name: name.slice(end + 1) };
}

/** What everybody but the owner calls a mailbox. */
export function formatOwnedName({ owner, name }: OwnedName): string {
  return `${PREFIX}${owner}${HIERARCHY_DELIMITER}${name}`;
}

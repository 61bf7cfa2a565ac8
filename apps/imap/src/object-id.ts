import { ParseError } from '@postel/imap-wire';

/** An email or a thread, whose numbers are an account's own. */
export interface ObjectId {
  readonly account: number;
  readonly id: number;
}

/** So that none begins with a digit, and those of two kinds differ (RFC 8474 §8.1, §5.2). */
const LETTERS = { email: 'M', thread: 'T' } as const;
type Kind = keyof typeof LETTERS;

/** RFC 8474 §7. */
const OBJECT_ID = /^[A-Za-z0-9_-]{1,255}$/;
/** As we write them: numbers below 2^53, without zeros in front. */
const OURS = /^([MT])([1-9][0-9]{0,15})-([1-9][0-9]{0,15})$/;

export function formatObjectId(kind: Kind, { account, id }: ObjectId): string {
  return `${LETTERS[kind]}${account}-${id}`;
}

/**
 * @returns null if there is none of that kind
 * @throws {ParseError} if it is no object id at all
 */
export function parseObjectId(kind: Kind, text: string): ObjectId | null {
  if (!OBJECT_ID.test(text)) throw new ParseError('Expected an object id');
  const [, letter, account, id] = OURS.exec(text) ?? [];
  return letter === LETTERS[kind] ? { account: Number(account), id: Number(id) } : null;
}

/**
 * MAILBOXID (RFC 8474 §4). A UIDVALIDITY is given to one mailbox of an account only, for good: RENAME keeps it, and where
 * the UIDs of a mailbox mean other messages than they did, after a restore, it is another one, and so is the MAILBOXID.
 */
export function mailboxObjectId(mailbox: { readonly account: number; readonly uidvalidity: number }): string {
  return `F${mailbox.account}-${mailbox.uidvalidity}`;
}

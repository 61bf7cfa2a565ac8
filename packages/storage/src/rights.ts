/** RFC 4314 §2.1, in the order in which they are stored and told. The SQL function set_rights knows it too. */
const LETTERS = 'lrswipkxtea';

/**
 * What somebody may do with a mailbox: l look it up, r read, s mark as seen, w set other flags, i insert messages, p post, k make
 * mailboxes below, x delete it, t mark messages as deleted, e expunge, a change the rights of others.
 */
export type Right = 'l' | 'r' | 's' | 'w' | 'i' | 'p' | 'k' | 'x' | 't' | 'e' | 'a';

export type Rights = ReadonlySet<Right>;

/** Those of the owner, which nobody takes away. */
export const ALL_RIGHTS: Rights = new Set([...LETTERS] as Right[]);
export const NO_RIGHTS: Rights = new Set();

export function isRight(letter: string): letter is Right {
  return letter.length === 1 && LETTERS.includes(letter);
}

/** Of letters as they are stored. */
export function parseRights(letters: string): Rights {
  return letters === '' ? NO_RIGHTS : new Set([...letters].filter(isRight));
}

/** The letters in their order. */
export function formatRights(rights: Rights): string {
  return [...LETTERS].filter((letter) => isRight(letter) && rights.has(letter)).join('');
}

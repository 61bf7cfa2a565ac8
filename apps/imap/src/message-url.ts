import { Arguments, ParseError, type Partial, type Section } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { MESSAGE_URL_OCTETS } from './limits.ts';
import { canonicalName } from './mailbox-name.ts';

/** A message of this server, or a part of one. */
export interface MessageUrl {
  readonly mailboxName: string;
  /** Null: whichever it is. */
  readonly uidvalidity: number | null;
  readonly uid: number;
  readonly section: Section;
  readonly partial: Partial | null;
}

const WHOLE: Section = { type: 'body', part: [] };
/** What is a URL of another kind: with a scheme or a server (RFC 4469 §3), or a search. */
const FOREIGN = /^[a-z][a-z0-9+.-]*:|^\/\/|[?#]/i;
const UID = '/;uid=';
const SECTION = '/;section=';
const PARTIAL = '/;partial=';
const UIDVALIDITY = ';uidvalidity=';
/** No control character can stand in the name of a mailbox. */
const NAME = /^[^\x00-\x1f\x7f]+$/;
const NZ_NUMBER = /^[1-9][0-9]{0,9}$/;
const RANGE = /^([0-9]{1,15})(?:\.([1-9][0-9]{0,14}))?$/;

/**
 * Reads a relative URL of a message (RFC 2192 §7, §8): `/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2`; also
 * `/;PARTIAL=0.1024` at its end (RFC 5092). Names of mailboxes are UTF-8 in percent form.
 *
 * @param base the mailbox that is selected, if there is one: `;UID=20` is a message in it, `Other/;UID=20` one beside it
 * @returns null if it is none
 */
export function parseMessageUrl(url: string, base: string | null): MessageUrl | null {
  if (url.length > MESSAGE_URL_OCTETS || FOREIGN.test(url)) return null;
  const text = url.startsWith(';') ? `/${url}` : url;
  const isInBase = text !== url;
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const uidAt = lower.indexOf(UID);
  if (uidAt === -1) return null;

  const partialAt = at(lower, PARTIAL, uidAt);
  const sectionAt = at(lower.slice(0, partialAt), SECTION, uidAt);
  const uid = numberIn(text.slice(uidAt + UID.length, sectionAt));
  const section = sectionAt === partialAt ? WHOLE : parseSection(text.slice(sectionAt + SECTION.length, partialAt));
  const partial = partialAt === text.length ? null : parsePartial(text.slice(partialAt + PARTIAL.length));

  const validityAt = at(lower.slice(0, uidAt), UIDVALIDITY, 0);
  const uidvalidity = validityAt === uidAt ? null : numberIn(text.slice(validityAt + UIDVALIDITY.length, uidAt));
  const mailboxName = isInBase ? base : resolveName(text.slice(0, validityAt), base);
  const isWhole = uid !== undefined && section !== undefined && partial !== undefined && uidvalidity !== undefined;
  return isWhole && mailboxName !== null ? { mailboxName, uidvalidity, uid, section, partial } : null;
}

/** Where something begins; the end, if it does not. */
function at(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found === -1 ? text.length : found;
}

function resolveName(path: string, base: string | null): string | null {
  const name = decode(path.startsWith('/') ? path.slice(1) : path);
  if (name === null || !NAME.test(name)) return null;
  if (path.startsWith('/') || base === null) return canonicalName(name);
  const above = base.slice(0, base.lastIndexOf(HIERARCHY_DELIMITER) + 1); // RFC 1808 §4: instead of its last level
  return canonicalName(above + name);
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const numberIn = (text: string): number | undefined => (NZ_NUMBER.test(text) ? Number(text) : undefined);

function parseSection(encoded: string): Section | undefined {
  const text = decode(encoded);
  if (text === null || text === '') return undefined;
  try {
    const args = new Arguments({ texts: [Buffer.from(`[${text}]`)], literals: [] });
    const section = args.section();
    args.end();
    return section;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function parsePartial(text: string): Partial | undefined {
  const [isRange, offset, count] = RANGE.exec(text) ?? [];
  if (isRange === undefined) return undefined;
  return { offset: Number(offset), count: count === undefined ? Number.MAX_SAFE_INTEGER : Number(count) };
}

import { type FlagEdit, type Flags, type SharedMailbox, SystemFlag } from '@postel/storage';
import { Bad, No } from './command.ts';
import { KEYWORD_OCTETS, KEYWORDS } from './limits.ts';
import type { MailboxView } from './mailbox-view.ts';
import { settableFlags } from './rights.ts';

/** System flags by the names of RFC 9051 §2.3.2, in the order in which they are sent. */
const SYSTEM_FLAGS: readonly (readonly [string, number])[] = [
  ['\\Answered', SystemFlag.answered],
  ['\\Flagged', SystemFlag.flagged],
  ['\\Deleted', SystemFlag.deleted],
  ['\\Seen', SystemFlag.seen],
  ['\\Draft', SystemFlag.draft],
];

const SYSTEM_FLAG_BITS = new Map(SYSTEM_FLAGS);
const RECENT = '\\Recent';

/**
 * Flags that a client gave, as the store takes them. `\Recent` is the server's own: in APPEND and STORE it is passed over
 * (RFC 3501 §2.3.2 lets clients not alter it), as Dovecot does, because old clients send back what they got.
 *
 * @throws {Bad} a flag with a backslash that is none
 */
export function parseFlags(names: readonly string[]): Flags {
  let system = 0;
  const keywords = new Map<string, string>();
  for (const name of names) {
    const bit = SYSTEM_FLAG_BITS.get(name);
    if (bit !== undefined) system |= bit;
    else if (name.startsWith('\\') && name !== RECENT) throw new Bad('No such system flag');
    else if (name.length > KEYWORD_OCTETS) throw new No('The keyword is too long', 'LIMIT');
    else if (name !== RECENT) keywords.set(name.toLowerCase(), name);
  }
  return { system, keywords: [...keywords.values()] };
}

export function flagEdit(mode: FlagEdit['mode'], names: readonly string[]): FlagEdit {
  return { mode, ...parseFlags(names) };
}

/** What FLAGS names: the system flags, and the keywords that some message bears. */
export function mailboxFlags(mailbox: SharedMailbox): readonly string[] {
  return [...SYSTEM_FLAGS.map(([name]) => name), ...mailbox.keywordsInUse().map((id) => mailbox.keyword(id))];
}

/** What PERMANENTFLAGS names: the flags that may be set, and whether new keywords may be. */
export function permanentFlags({ mailbox, rights }: Pick<MailboxView, 'mailbox' | 'rights'>): readonly string[] {
  const { system, hasKeywords } = settableFlags(rights);
  const flags = SYSTEM_FLAGS.filter(([, bit]) => system & bit).map(([name]) => name);
  if (!hasKeywords) return flags;
  const keywords = mailbox.keywordsInUse().map((id) => mailbox.keyword(id));
  return [...flags, ...keywords, ...(mailbox.keywordCount < KEYWORDS ? ['\\*'] : [])];
}

/** Beside the bits of SystemFlag, in flag lists only. */
const RECENT_BIT = 32;

/** Flag lists in wire form, made once for each combination of system flags and `\Recent`. */
const systemFlagLists: readonly Buffer[] = Array.from({ length: 64 }, (_, bits) =>
  Buffer.from(`(${systemNames(bits)})`),
);

function systemNames(bits: number): string {
  const names = SYSTEM_FLAGS.filter(([, bit]) => bits & bit).map(([name]) => name);
  return [...names, ...(bits & RECENT_BIT ? [RECENT] : [])].join(' ');
}

/** Those with keywords, of each mailbox, by keywords and bits together: few messages have flags that no other has. */
const keywordFlagLists = new WeakMap<SharedMailbox, Map<number, Buffer>>();
/** Of one mailbox; when there would be more they are made anew. */
const KEYWORD_FLAG_LISTS = 1_000;

/** The parenthesised flag list of a message: as a rule a Buffer made before. */
export function flagListOctets(mailbox: SharedMailbox, system: number, keywordSet: number, isRecent: boolean): Buffer {
  const bits = (system & 31) | (isRecent ? RECENT_BIT : 0);
  if (keywordSet === 0) return systemFlagLists[bits] ?? Buffer.from('()');
  const lists = keywordFlagLists.get(mailbox) ?? new Map<number, Buffer>();
  const key = 64 * keywordSet + bits;
  const made = lists.get(key);
  if (made !== undefined) return made;
  const keywords = mailbox.table.keywordsOf(keywordSet);
  const list = keywordFlagList(mailbox, system, keywords, isRecent);
  if (keywords.some((id) => mailbox.keyword(id) === '')) return list; // a name that is not known yet
  if (lists.size === KEYWORD_FLAG_LISTS) lists.clear();
  keywordFlagLists.set(mailbox, lists.set(key, list));
  return list;
}

/** As flagListOctets, for keyword ids; of a message whose removal is not told, perhaps of one that nothing here bears now. */
export function keywordFlagList(
  mailbox: SharedMailbox,
  system: number,
  keywords: readonly number[],
  isRecent: boolean,
): Buffer {
  const bits = (system & 31) | (isRecent ? RECENT_BIT : 0);
  const names = [systemNames(bits), ...keywords.map((id) => mailbox.keyword(id))];
  return Buffer.from(`(${names.filter((name) => name !== '').join(' ')})`);
}

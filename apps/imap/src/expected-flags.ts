import type { FlagEdit, SharedMailbox } from '@postel/storage';
import { lowerBound } from './mailbox-view.ts';

/** Of a message that was not there: there are five system flags. */
const UNEXPECTED = 255;

/**
 * What the flags of messages will be after a silent STORE, if nobody else changes them meanwhile: 9 octets a message. A client
 * that asked not to be told of its own change must still hear of another's (RFC 9051 §6.4.6).
 */
export class ExpectedFlags {
  readonly #mailbox: SharedMailbox;
  readonly #uids: Uint32Array;
  readonly #flags: Uint8Array;
  /** The sets of keywords that the messages had. */
  readonly #setsBefore: Uint32Array;
  /** What the keywords become, by the set before; and what they are, by the set now. */
  readonly #after = new Map<number, string>();
  readonly #now = new Map<number, string>();

  /** @param uids of messages whose flags the client knows as they are now, ascending */
  constructor(mailbox: SharedMailbox, uids: Uint32Array, edit: FlagEdit) {
    const { table } = mailbox;
    const keywordMode = edit.among?.hasKeywords === false ? 'add' : edit.mode; // then none are named, and all stay
    const edited = edit.keywords.map((name) => name.toLowerCase());
    this.#mailbox = mailbox;
    this.#uids = uids;
    this.#flags = new Uint8Array(uids.length).fill(UNEXPECTED);
    this.#setsBefore = new Uint32Array(uids.length);
    let at = 0;
    for (let index = 0; index < uids.length; index++) {
      const uid = uids[index] ?? 0;
      if (at >= table.length || table.uid(at) !== uid) at = table.lowerBound(uid);
      if (at >= table.length || table.uid(at) !== uid) continue;
      const set = table.keywordSet(at);
      this.#flags[index] = editSystemFlags(table.flags(at), edit);
      this.#setsBefore[index] = set;
      if (!this.#after.has(set)) this.#after.set(set, canonical(editKeywords(this.#names(set), keywordMode, edited)));
      at++;
    }
  }

  /** Whether the message, at that position in the arrays, is as expected. */
  has(uid: number, at: number): boolean {
    const { table } = this.#mailbox;
    const index = lowerBound(this.#uids, uid);
    if (this.#uids[index] !== uid || this.#flags[index] !== table.flags(at)) return false;
    return this.#keywordsNow(table.keywordSet(at)) === this.#after.get(this.#setsBefore[index] ?? 0);
  }

  #keywordsNow(set: number): string {
    const known = this.#now.get(set);
    if (known !== undefined) return known;
    const keywords = canonical(this.#names(set));
    this.#now.set(set, keywords);
    return keywords;
  }

  #names(set: number): readonly string[] {
    return this.#mailbox.table.keywordsOf(set).map((id) => this.#mailbox.keyword(id).toLowerCase());
  }
}

function editSystemFlags(flags: number, { mode, system, among }: FlagEdit): number {
  switch (mode) {
    case 'add':
      return flags | system;
    case 'remove':
      return flags & ~system;
    case 'replace':
      return among === undefined ? system : system | (flags & ~among.system);
    default:
      return mode satisfies never;
  }
}

function editKeywords(
  keywords: readonly string[],
  mode: FlagEdit['mode'],
  edited: readonly string[],
): readonly string[] {
  switch (mode) {
    case 'add':
      return [...keywords, ...edited];
    case 'remove':
      return keywords.filter((name) => !edited.includes(name));
    case 'replace':
      return edited;
    default:
      return mode satisfies never;
  }
}

const canonical = (keywords: readonly string[]): string => [...new Set(keywords)].sort().join(' ');

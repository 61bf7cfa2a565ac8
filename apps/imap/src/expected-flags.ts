import type { FlagEdit, SharedMailbox } from '@postel/storage';

/**
 * What the flags of messages will be after a silent STORE, if nobody else changes them meanwhile. A client that asked not to be
 * told of its own change must still hear of another's (RFC 9051 §6.4.6).
 */
export class ExpectedFlags {
  readonly #mailbox: SharedMailbox;
  /** System flags and keywords by UID. */
  readonly #expected = new Map<number, { readonly system: number; readonly keywords: string }>();

  /** @param uids of messages whose flags the client knows as they are now */
  constructor(mailbox: SharedMailbox, uids: Uint32Array, edit: FlagEdit) {
    const { table } = mailbox;
    const edited = edit.keywords.map((name) => name.toLowerCase());
    const keywordsAfter = new Map<number, string>();
    this.#mailbox = mailbox;
    for (const uid of uids) {
      const at = table.position(uid);
      if (at < 0) continue;
      const set = table.keywordSet(at);
      const keywords = keywordsAfter.get(set) ?? canonical(editKeywords(this.#keywords(set), edit.mode, edited));
      keywordsAfter.set(set, keywords);
      this.#expected.set(uid, { system: editSystemFlags(table.flags(at), edit), keywords });
    }
  }

  /** Whether the message, at that position in the arrays, is as expected. */
  has(uid: number, at: number): boolean {
    const expected = this.#expected.get(uid);
    if (expected === undefined) return false;
    const { table } = this.#mailbox;
    return table.flags(at) === expected.system && canonical(this.#keywords(table.keywordSet(at))) === expected.keywords;
  }

  #keywords(set: number): readonly string[] {
    return this.#mailbox.table.keywordsOf(set).map((id) => this.#mailbox.keyword(id).toLowerCase());
  }
}

function editSystemFlags(flags: number, { mode, system }: FlagEdit): number {
  switch (mode) {
    case 'add':
      return flags | system;
    case 'remove':
      return flags & ~system;
    case 'replace':
      return system;
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

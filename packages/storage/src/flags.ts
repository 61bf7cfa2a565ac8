import { StorageError } from './errors.ts';

/** System flags (RFC 9051 §2.3.2) as the bits of `messages.flags`. The SQL functions know Seen and Deleted by these numbers. */
export const SystemFlag = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;

export const ALL_SYSTEM_FLAGS = 31;

/** Keywords of one message, at most; a mailbox has ten times as many. The SQL function change_flags knows the number. */
const KEYWORDS_A_MESSAGE = 100;

/** Flags of a message: bits of SystemFlag, and keywords by name. */
export interface Flags {
  readonly system: number;
  readonly keywords: readonly string[];
}

/** @throws {StorageError} 'too-many-keywords' */
export function requireFewKeywords({ keywords }: Flags): void {
  if (
    keywords.length > KEYWORDS_A_MESSAGE &&
    new Set(keywords.map((name) => name.toLowerCase())).size > KEYWORDS_A_MESSAGE
  )
    throw new StorageError('too-many-keywords', `A message can have no more than ${KEYWORDS_A_MESSAGE} keywords`);
}

/** Some of the flags that there are. */
export interface FlagScope {
  /** Bits of SystemFlag. */
  readonly system: number;
  /** Whether keywords are among them: all or none. */
  readonly hasKeywords: boolean;
}

/** How a STORE edits flags. */
export interface FlagEdit extends Flags {
  readonly mode: 'add' | 'remove' | 'replace';
  /** The only flags that it may change, all that it names among them; left out: any. */
  readonly among?: FlagScope;
}

/** New flags are `flags & keep | set`. */
export function systemFlagMasks({ mode, system, among }: Omit<FlagEdit, 'keywords'>): {
  readonly keep: number;
  readonly set: number;
} {
  switch (mode) {
    case 'add':
      return { keep: ALL_SYSTEM_FLAGS, set: system };
    case 'remove':
      return { keep: ALL_SYSTEM_FLAGS & ~system, set: 0 };
    case 'replace':
      return { keep: among === undefined ? 0 : ALL_SYSTEM_FLAGS & ~among.system, set: system };
    default:
      return mode satisfies never;
  }
}

/** Where keywords are to stay as they are, none are named: adding these does nothing. */
export const keywordMode = ({ mode, among }: Omit<FlagEdit, 'keywords'>) =>
  among?.hasKeywords === false ? 'add' : mode;

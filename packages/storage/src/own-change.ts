import type { FlagEdit } from './flags.ts';
import type { MailboxId } from './ids.ts';
import type { UidRanges } from './uid-ranges.ts';

/** What a change of this process did to the messages of a mailbox. */
export type OwnChange =
  | { readonly type: 'flags'; readonly changed: UidRanges; readonly edit: FlagEdit }
  | { readonly type: 'removed'; readonly removed: UidRanges }
  | { readonly type: 'arrived'; readonly messages: readonly Arrived[] }
  /** What became of its messages must be asked for. */
  | { readonly type: 'other' };

/** A message without keywords. */
export interface Arrived {
  readonly uid: number;
  /** System flags. */
  readonly flags: number;
}

/** All that happened under one modseq of an account: no mailbox that is not named had a part in it. */
export type OwnChanges = ReadonlyMap<MailboxId, OwnChange>;

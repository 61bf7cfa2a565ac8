import type { Flags } from './ledger.ts';

/** What the server holds, as it shows it. */
export type Observed = ReadonlyMap<string, ObservedAccount>;

export interface ObservedAccount {
  readonly modseq: number;
  /** By name. */
  readonly mailboxes: ReadonlyMap<string, ObservedMailbox>;
  readonly subscriptions: ReadonlySet<string>;
}

export interface ObservedMailbox {
  readonly name: string;
  readonly uidvalidity: number;
  readonly uidNext: number;
  /** HIGHESTMODSEQ. */
  readonly highestModseq: number;
  /** By UID, ascending. */
  readonly messages: readonly ObservedMessage[];
}

export interface ObservedMessage {
  readonly uid: number;
  readonly modseq: number;
  /** '' for octets that nobody sent. */
  readonly messageId: string;
  readonly flags: Flags;
}

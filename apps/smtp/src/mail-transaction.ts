import type { MailingList, Submitter } from '@postel/directory';
import type { AccountId, EnvelopeDetails, MailboxId, ReceivedRecipient } from '@postel/storage';
import type { ChunkedMessage } from './chunked-message.ts';
import type { Hold } from './future-release.ts';
import type { ExpectedMessage } from './incoming-mail.ts';
import type { Outgoing } from './outgoing.ts';
import type { MailboxAddress } from './path.ts';
import type { TransactionRecord } from './record/transaction-record.ts';

/** RFC 6152 §2, RFC 3030 §3. */
export type BodyType = '7BIT' | '8BITMIME' | 'BINARYMIME';

export interface Recipient {
  readonly forwardPath: string;
  /** The alias by which the message comes to it; null if its own address was named. */
  readonly alias: string | null;
  /** The list by which it comes to it; null: by none. */
  readonly list: MailingList | null;
  /** Null: INBOX. */
  readonly mailbox: MailboxId | null;
  /** All RCPT commands that led to the account, the one with `forwardPath` first. */
  readonly paths: ReceivedRecipient[];
  /** Why a member of an alias does not get it at once, as people read it; null: it does. */
  readonly waitsFor: string | null;
  /** What the account may hold at most, null if there is no limit. */
  readonly quotaOctets: number | null;
}

interface LeftOut {
  readonly accountName: string;
  /** All RCPT commands by which the message would come to it. */
  readonly paths: ReceivedRecipient[];
}

/** From MAIL to the end of data: RFC 5321 §3.3. */
export interface MailTransaction {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  /** The same, taken apart. */
  readonly sender: MailboxAddress | null;
  /** As the client announced it (RFC 1870 §6), null if it did not. */
  readonly sizeOctets: number | null;
  /** As the client announced it, null if it did not. */
  readonly body: BodyType | null;
  /** Under SMTPUTF8: RFC 6531 §3.4. */
  readonly isUtf8: boolean;
  /** What its account may send, on submission. */
  readonly submitter: Submitter | null;
  /** Until when it is not to be released; null: it is as soon as it has come. */
  readonly hold: Hold | null;
  /** What else MAIL said that is kept with the message. */
  readonly said: Pick<EnvelopeDetails, 'submitter' | 'requiresTls' | 'envelopeId' | 'returnContent' | 'releaseRequest'>;
  /**
   * Who gets the message: an account named by several paths gets one copy, by the first of them, as its owner would
   * otherwise see a message twice for each alias that a sender knows.
   */
  readonly recipients: Map<AccountId, Recipient>;
  /** Who gets it at other servers. */
  readonly outgoing: Outgoing;
  /** The accounts of each RCPT command accepted, in their order: LMTP answers for each of them (RFC 2033 §4.2). */
  readonly accepted: (readonly AccountId[])[];
  /** The aliases among them by their canonical addresses, each with the accounts that get the message by it. */
  readonly aliases: Map<string, readonly AccountId[]>;
  /** Members of aliases who do not get it, nor a copy later: too many wait for them already. */
  readonly leftOut: Map<AccountId, LeftOut>;
  /** What is found out about a message of another server; null if nothing is. */
  readonly expected: ExpectedMessage | null;
  /** Every RCPT that was accepted names a postmaster, or whom complaints go to. */
  isForPostmaster: boolean;
  /** Its one recipient is not to share it; see commands/rcpt.ts. */
  isClosed: boolean;
  /** What has come of the message by BDAT; null before the first chunk. */
  chunks: ChunkedMessage | null;
  /** What is to be recorded of it. */
  readonly record: TransactionRecord;
  /** A RCPT was refused that may be accepted later. */
  hasDeferral: boolean;
}

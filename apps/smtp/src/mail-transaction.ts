import type { AccountId } from '@postel/storage';

interface Recipient {
  readonly forwardPath: string;
  /** What the account may hold at most, null if there is no limit. */
  readonly quotaOctets: number | null;
}

/** From MAIL to the end of data: RFC 5321 §3.3. */
export interface MailTransaction {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  /** As the client announced it (RFC 1870 §6), null if it did not. */
  readonly sizeOctets: number | null;
  /** Under SMTPUTF8: RFC 6531 §3.4. */
  readonly isUtf8: boolean;
  /**
   * Who gets the message: an account named by several paths gets one copy, by the first of them, as its owner would
   * otherwise see a message twice for each alias that a sender knows.
   */
  readonly recipients: Map<AccountId, Recipient>;
  /** The accounts of the RCPT commands accepted, in their order: LMTP answers for each of them (RFC 2033 §4.2). */
  readonly accepted: AccountId[];
  /** Its one recipient is not to share it; see commands/rcpt.ts. */
  isClosed: boolean;
  /** A RCPT was refused that may be accepted later. */
  hasDeferral: boolean;
}

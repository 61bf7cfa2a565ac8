import type { AccountId } from '@postel/storage';

/** From MAIL to the end of data: RFC 5321 §3.3. */
export interface MailTransaction {
  /** Without angle brackets, '' for the null reverse-path. */
  readonly reversePath: string;
  /**
   * The forward-path by which each account gets the message, its first: an account named by several paths gets one copy,
   * as its owner would otherwise see a message twice for each alias that a sender knows.
   */
  readonly forwardPaths: Map<AccountId, string>;
  /** RCPT commands accepted. */
  recipients: number;
}

import type { Content, ContentWriter } from './content-writer.ts';
import type { Sql, Transaction } from './database.ts';
import type { Delivery } from './waiting-deliveries.ts';

/** What it takes to deliver what was put by: the store. */
export interface Delivering {
  readonly sql: Sql;
  receive(): ContentWriter;
  /**
   * Delivers a copy in the transaction in which it is taken; to INBOX, if its mailbox was deleted meanwhile.
   *
   * @returns false if it had been taken before
   * @throws {StorageError}
   */
  deliver(
    content: Content,
    delivery: Delivery,
    internalDate: number,
    take: (tx: Transaction) => Promise<boolean>,
  ): Promise<boolean>;
  /** Hears of what nobody foresaw, and what ends nothing. */
  onError(error: unknown): void;
}

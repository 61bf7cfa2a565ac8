import {
  findTransactions,
  type RecordedTransaction,
  type Sql,
  type TransactionCursor,
  type TransactionFilter,
  type TransactionKey,
} from '@postel/storage';
import { isTransactionId } from './parse-sought.ts';

export interface MailPage extends Omit<TransactionFilter, 'key'> {
  /** One of them, tried in their order until something is found; none: all mail. */
  readonly keys: readonly TransactionKey[];
}

export interface MailList {
  /** The newest first. */
  readonly rows: readonly RecordedTransaction[];
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

/** @throws {StorageError} 'unavailable' */
export async function listMail(sql: Sql, { keys, limit, ...filter }: MailPage): Promise<MailList> {
  const all: readonly TransactionKey[] = keys.length === 0 ? [{ type: 'any' }] : keys;
  let found: readonly RecordedTransaction[] = [];
  for (const key of all) {
    found = await findTransactions(sql, { ...filter, key, limit: limit + 1 });
    if (found.length > 0) break;
  }
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { rows, next: hasMore ? `${last.transactionId}.${last.recipientNo}` : null };
}

/** @returns null if it is none that was given */
export function parseCursor(text: string): TransactionCursor | null {
  const [transactionId = '', no = ''] = text.split('.', 2);
  if (!isTransactionId(transactionId) || !/^\d{1,9}$/.test(no)) return null;
  return { transactionId: transactionId.toLowerCase(), recipientNo: Number(no) };
}

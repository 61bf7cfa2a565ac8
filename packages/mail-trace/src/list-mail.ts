import {
  type AccountId,
  findTransactions,
  type RecordedTransaction,
  type Sql,
  type TransactionCursor,
  type TransactionFilter,
  type TransactionKey,
} from '@postel/storage';
import { isTransactionId } from './parse-sought.ts';
import { forRecipient, forSender } from './viewer.ts';

export interface MailPage extends Omit<TransactionFilter, 'key' | 'isNamedOnce'> {
  /** One of them, tried in their order until something is found; none: all mail. */
  readonly keys: readonly TransactionKey[];
}

export interface MailList {
  /** The newest first. */
  readonly rows: readonly RecordedTransaction[];
  /** Where the next page begins; null: there is none. */
  readonly next: string | null;
}

/** All that there is. @throws {StorageError} 'unavailable' */
export async function listMail(sql: Sql, { keys, limit, ...filter }: MailPage): Promise<MailList> {
  const all: readonly TransactionKey[] = keys.length === 0 ? [{ type: 'any' }] : keys;
  let found: readonly RecordedTransaction[] = [];
  for (const key of all) {
    found = await findTransactions(sql, { ...filter, key, limit: limit + 1 });
    if (found.length > 0) break;
  }
  return pageOf(found, limit);
}

/** What came for an account, or what it sent, as it may see that. @throws {StorageError} 'unavailable' */
export async function listOwnMail(
  sql: Sql,
  account: AccountId,
  { direction, also, limit, ...filter }: Omit<MailPage, 'keys'> & { readonly direction: 'in' | 'out' },
): Promise<MailList> {
  const found = await findTransactions(sql, {
    ...filter,
    key: { type: 'account', account, direction },
    also: also.map((keys) => keys.flatMap(ownKeys)),
    isNamedOnce: direction === 'out',
    limit: limit + 1,
  });
  const { rows, next } = pageOf(found, limit);
  const visible = direction === 'in' ? forRecipient : forSender;
  return { rows: rows.map((row) => visible(row, account)), next };
}

/** That something is found tells of it: an account looks for nothing that it may not see. */
function ownKeys(key: TransactionKey): readonly TransactionKey[] {
  switch (key.type) {
    case 'address':
      return [{ ...key, isMember: false }];
    case 'message-id':
    case 'connection':
    case 'transaction':
      return [key];
    case 'client':
    case 'account':
    case 'any':
      return [];
    default:
      return key satisfies never;
  }
}

function pageOf(found: readonly RecordedTransaction[], limit: number): MailList {
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

import { findTransactions, type Sql } from '@postel/storage';
import { isTransactionId, parseSought } from './parse-sought.ts';
import { type Trace, traceMail } from './trace-mail.ts';
import type { Viewer } from './viewer.ts';

/**
 * @param name a mail transaction, or a message as the reply, the log and the queue name it
 * @returns null if there is none, or none that the viewer may see
 * @throws {StorageError} 'unavailable'
 */
export async function findTrace(sql: Sql, name: string, viewer: Viewer): Promise<Trace | null> {
  if (isTransactionId(name)) return await traceMail(sql, name, viewer);
  const [key] = parseSought(name);
  if (key?.type !== 'connection' || key.messageNo === null) return null;
  const any = { also: [], since: null, until: null, outcomes: null, after: null };
  const [found] = await findTransactions(sql, { ...any, key, limit: 1 });
  return found === undefined ? null : await traceMail(sql, found.transactionId, viewer);
}

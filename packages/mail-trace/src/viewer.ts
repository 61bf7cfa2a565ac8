import type { AccountId, RecordedTransaction } from '@postel/storage';

/** Who looks: whoever administers the server sees all, an account what is its own. */
export type Viewer = { readonly type: 'admin' } | { readonly type: 'account'; readonly account: AccountId };

/**
 * Nobody learns of other recipients of what came for them, nor of the members of an alias that they wrote to: that is one recipient, as
 * they named it.
 */
export function visibleRows(rows: readonly RecordedTransaction[], viewer: Viewer): readonly RecordedTransaction[] {
  if (viewer.type === 'admin') return rows;
  const own = rows
    .filter(({ accountId }) => accountId === viewer.account)
    .map((row) => forRecipient(row, viewer.account));
  const sent = rows.filter(({ senderAccountId }) => senderAccountId === viewer.account);
  if (sent.length === 0) return own;
  const named = new Map<string, RecordedTransaction>();
  for (const row of sent) {
    const key = row.recipient ?? '';
    const before = named.get(key);
    if (before === undefined || row.accountId === viewer.account) named.set(key, forSender(row, viewer.account));
  }
  return [...named.values()];
}

/** From where a person of this server wrote, and by which program, is their matter, as Received says nothing of it either. */
export function forRecipient(row: RecordedTransaction, viewer: AccountId): RecordedTransaction {
  const isFromHere = row.senderAccountId !== null && row.senderAccountId !== viewer;
  return isFromHere ? { ...row, client: null, clientName: null, sender: null } : row;
}

/** Which mailbox it is in is the recipient's matter, and whom an alias stands for is the alias's. */
export function forSender(row: RecordedTransaction, viewer: AccountId): RecordedTransaction {
  if (row.accountId === viewer) return { ...row, destination: null };
  const outcome = row.outcome === 'junk' ? 'delivered' : row.outcome;
  return { ...row, accountId: null, account: null, destination: null, uidvalidity: null, uid: null, outcome };
}

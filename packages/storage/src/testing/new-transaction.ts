import type { NewTransaction } from '../mail-transactions.ts';

/** A message from Bob that was delivered to Mary, as a process of SMTP records it. */
export function newTransaction(about: Pick<NewTransaction, 'transactionId'> & Partial<NewTransaction>): NewTransaction {
  return {
    recipientNo: 1,
    settledAt: Date.now(),
    folded: null,
    listener: 'mx',
    protocol: 'ESMTP',
    connectionId: '0123456789',
    messageNo: 1,
    clientAddress: '192.0.2.1',
    clientName: 'mx.example.org',
    tlsVersion: null,
    senderAccountId: null,
    reversePath: 'bob@example.org',
    recipient: 'mary@example.com',
    destination: null,
    accountId: null,
    messageId: 'one@example.org',
    sizeOctets: 100,
    checks: null,
    stage: 'message',
    outcome: 'delivered',
    replyCode: 250,
    replyStatus: '2.0.0',
    replyText: null,
    uidvalidity: null,
    uid: null,
    releaseAt: null,
    ...about,
  };
}

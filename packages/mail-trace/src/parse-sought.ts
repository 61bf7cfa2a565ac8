import { isIP } from 'node:net';
import type { TransactionKey } from '@postel/storage';
import { SOUGHT_CHARACTERS } from './limits.ts';

const CONNECTION = /^([0-9a-f]{10})(?:-(\d{1,9}))?(?:-report)?$/i;
/** As `find-transactions` knows a transaction. */
const TRANSACTION = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
const MESSAGE_ID_CHARACTERS = 250;

export const isTransactionId = (text: string): boolean => TRANSACTION.test(text);

/**
 * What a person means who looks for mail: an id from a reply or from Received (`a1b2c3d4e5`, `a1b2c3d4e5-1`), that of a mail
 * transaction, an IP address, a Message-ID with or without `<` and `>`, or an address. An address and a Message-ID look alike; in angle brackets it is the latter.
 *
 * @returns by what to look, in this order; none for what is nothing of that
 */
export function parseSought(text: string): readonly TransactionKey[] {
  const sought = text.trim();
  if (sought === '' || sought.length > SOUGHT_CHARACTERS || UNPRINTABLE.test(sought)) return [];
  const [, connectionId, messageNo] = CONNECTION.exec(sought) ?? [];
  if (connectionId !== undefined) {
    const no = messageNo === undefined ? null : Number(messageNo);
    return [{ type: 'connection', connectionId: connectionId.toLowerCase(), messageNo: no }];
  }
  if (isTransactionId(sought)) return [{ type: 'transaction', transactionId: sought }];
  if (isIP(sought) !== 0) return sought.includes('%') ? [] : [{ type: 'client', address: sought }];
  const [, inner] = /^<([^<>]*)>$/.exec(sought) ?? [];
  const messageId = { type: 'message-id', messageId: (inner ?? sought).slice(0, MESSAGE_ID_CHARACTERS) } as const;
  if (inner !== undefined) return inner === '' ? [] : [messageId];
  return sought.includes('@') ? [{ type: 'address', address: sought, isMember: true }, messageId] : [messageId];
}

import type { Finding } from '@postel/storage';

/** `mary, INBOX, UID 7: its size is ... (sizes)` */
export function formatFinding(account: string, { rule, mailbox, uid, messageId, problem }: Finding): string {
  const where = [account, mailbox?.name, uid === null ? null : `UID ${uid}`, messageId];
  return `${where.filter((part) => part != null).join(', ')}: ${problem} (${rule})`;
}

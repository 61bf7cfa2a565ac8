import { createHash } from 'node:crypto';
import type { Message } from './ledger.ts';
import type { Random } from './random.ts';

/** Contents above it are files beside the database (docs/storage.md). */
export const BLOB_OCTETS = 128 * 1024;

/** The ledger keeps what a message is known by, and not its octets. */
export interface NewMessage {
  readonly message: Message;
  readonly content: Buffer;
}

/** A message that no other is like; some of its lines begin with dots. @param author an account, as submission wants it in From */
export function makeMessage(id: string, author: string, random: Random, octets: number): NewMessage {
  const head = [
    `From: <${author}@crash.example>`,
    `To: <somebody@crash.example>`,
    `Date: Sun, 22 Nov 2026 12:00:00 +0000`,
    `Message-ID: <${id}>`,
    `Subject: ${random.next()}`,
    '',
    `.${random.next()}`,
    '',
  ].join('\r\n');
  const line = `${random.below(4) === 0 ? '..' : ''}${random.next()} of a text that is as long as it has to be\r\n`;
  const content = Buffer.from(head + line.repeat(Math.ceil(Math.max(0, octets - head.length) / line.length)), 'latin1');
  return { message: { id, octets: content.length, sha256: sha256Of(content) }, content };
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

import { generateKeyPairSync } from 'node:crypto';
import type { DkimKeySummary } from '@postel/directory';
import type { MailHost } from './domain-records.ts';

const made = new Date('2026-11-23T12:00:00Z');

/** A key of example.com. */
export function keyOf(
  algorithm: DkimKeySummary['algorithm'],
  state: DkimKeySummary['state'] = 'active',
  publishedUntil: Date | null = null,
): DkimKeySummary {
  const { publicKey } =
    algorithm === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2_048 }) : generateKeyPairSync('ed25519');
  return {
    domain: 'example.com',
    selector: algorithm === 'rsa' ? 'rsa-1' : 'ed-1',
    algorithm,
    state,
    subjectPublicKeyInfo: publicKey.export({ type: 'spki', format: 'der' }),
    createdAt: made,
    seenAt: null,
    activeSince: null,
    retiredAt: null,
    publishedUntil,
  };
}

export const DIGEST = 'ab'.repeat(32);

export const HOST: MailHost = {
  hostname: 'mail.example.com',
  addresses: ['192.0.2.1', '2001:db8::1'],
  keys: [{ digest: DIGEST, isKept: true }],
  ports: { submission: 587, submissions: 465, imap: null, imaps: 993 },
};

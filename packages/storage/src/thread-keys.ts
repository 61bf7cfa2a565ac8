import { hash } from 'node:crypto';
import { baseSubject, type EnvelopeFields, threadMessageIds } from '@postel/mime';

const KEY_OCTETS = 8;

/**
 * By what a message finds its thread, and is found by those that answer it: 8 octets for each of its Message-IDs with its
 * base subject, as RFC 8621 §3 has it: messages are of one thread if they have a Message-ID and the subject in common. The
 * nearest first (`threadMessageIds`). Two that are the same by chance would join two threads in one list, and no more.
 *
 * @param subject decoded
 */
export function threadKeys(fields: EnvelopeFields, subject: string): Buffer {
  const ids = threadMessageIds(fields);
  if (ids.length === 0) return Buffer.alloc(0);
  const base = baseSubject(subject);
  return Buffer.concat(ids.map((id) => hash('sha256', `${id}\n${base}`, 'buffer').subarray(0, KEY_OCTETS)));
}

import { SaslError } from './sasl-error.ts';

/** Joins the parts of a message that NUL separates; a NUL inside of one would make it another message. */
export function nulSeparated(...parts: readonly string[]): Buffer {
  if (parts.some((part) => part.includes('\0'))) {
    throw new SaslError('credentials', 'A name, password or passcode cannot hold a NUL');
  }
  return Buffer.from(parts.join('\0'));
}

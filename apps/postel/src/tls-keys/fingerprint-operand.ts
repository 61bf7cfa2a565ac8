import { type Fingerprint, parseFingerprint } from '@postel/tls-pubkey';
import { UsageError } from '../command-error.ts';

/** @throws {UsageError} */
export function fingerprintOperand(text: string): Fingerprint {
  const fingerprint = parseFingerprint(text);
  if (fingerprint === null) {
    throw new UsageError(
      `"${text}" is no fingerprint, which looks like sha256: and 43 characters, or 64 hexadecimal digits`,
    );
  }
  return fingerprint;
}

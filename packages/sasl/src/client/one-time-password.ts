import { createHash } from 'node:crypto';

export type OtpAlgorithm = 'md5' | 'sha1';

/** `otp-md5 487 dog2`: RFC 2289 §6. */
export interface OtpChallenge {
  readonly algorithm: OtpAlgorithm;
  /** How often the first password is hashed again: one less each time. */
  readonly sequence: number;
  /** In lower case. */
  readonly seed: string;
}

const PASSWORD_OCTETS = 8;

/** The one-time password that answers a challenge, in hexadecimal: RFC 2289 §6. Time grows with the sequence number. */
export function oneTimePassword({ algorithm, sequence, seed }: OtpChallenge, passphrase: string): string {
  let password = folded(algorithm, Buffer.from(seed + passphrase));
  for (let i = 0; i < sequence; i += 1) password = folded(algorithm, password);
  return password.toString('hex');
}

/** A digest in 64 bits: RFC 2289 appendix A. */
function folded(algorithm: OtpAlgorithm, message: Buffer): Buffer {
  const digest = createHash(algorithm).update(message).digest();
  const password = Buffer.alloc(PASSWORD_OCTETS);
  for (const [i, octet] of digest.entries())
    password[i % PASSWORD_OCTETS] = (password[i % PASSWORD_OCTETS] ?? 0) ^ octet;
  // SHA-1 works on big-endian words, and OTP writes all digests little-endian, as MD5 has them.
  if (algorithm === 'sha1') password.swap32();
  return password;
}

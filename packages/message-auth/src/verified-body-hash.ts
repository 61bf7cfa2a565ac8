import type { MailauthBodyHash } from 'mailauth/lib/dkim/dkim-verifier.js';
import { BodyHash } from './body-hash.ts';

/** Stands in for mailauth's, which joins all of a line anew with each piece of it. */
class VerifiedBodyHash implements MailauthBodyHash {
  readonly #body: BodyHash;

  constructor(body: BodyHash) {
    this.#body = body;
  }

  get byteLength(): number {
    return this.#body.octets;
  }

  get canonicalizedLength(): number {
    return this.#body.canonicalOctets;
  }

  get bodyHashedBytes(): number {
    return this.#body.hashedOctets;
  }

  update(octets: Buffer): void {
    this.#body.push(octets);
  }

  digest(): string {
    return this.#body.digest();
  }

  /** Nothing of ours asks where it starts. */
  getMimeStructureStart(): number {
    return -1;
  }
}

/** Puts ours in the place of each, DKIM's and ARC's. @param hashes by canonicalization, algorithm and `l=`, with colons between */
export function replaceBodyHashes(hashes: Map<string, MailauthBodyHash>): void {
  for (const key of hashes.keys()) {
    const [canonicalization, algorithm, most = ''] = key.split(':');
    const body = new BodyHash({
      canonicalization: canonicalization === 'relaxed' ? 'relaxed' : 'simple',
      algorithm: algorithm === 'sha1' ? 'sha1' : 'sha256',
      ...(most !== '' && Number(most) >= 0 && { most: Number(most) }),
    });
    hashes.set(key, new VerifiedBodyHash(body));
  }
}

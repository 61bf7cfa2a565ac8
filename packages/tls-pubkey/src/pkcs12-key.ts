import { createHash } from 'node:crypto';
import { bmpCharacters } from './der.ts';

export type Pkcs12Hash = 'sha256' | 'sha1';

export interface Pkcs12Derivation {
  readonly purpose: 'key' | 'iv' | 'mac';
  readonly hash: Pkcs12Hash;
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** How many octets are wanted. */
  readonly octets: number;
}

/** RFC 7292 appendix B.3. */
const DIVERSIFIERS = { key: 1, iv: 2, mac: 3 } as const;
/** The block of SHA-1 as of SHA-256: `v` in octets. */
const BLOCK_OCTETS = 64;

/** PKCS#12's own way from a password to a key: RFC 7292 appendix B.2. */
export function derivePkcs12Key({ purpose, hash, password, salt, iterations, octets }: Pkcs12Derivation): Buffer {
  const diversifier = Buffer.alloc(BLOCK_OCTETS, DIVERSIFIERS[purpose]);
  // The password is a BMPString with its terminator: appendix B.1.
  const input = Buffer.concat([wholeBlocks(salt), wholeBlocks(bmpCharacters(`${password}\0`))]);
  const output: Buffer[] = [];
  for (let made = 0; made < octets; ) {
    let digest = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < iterations; i++) digest = createHash(hash).update(digest).digest();
    output.push(digest);
    made += digest.length;
    addToEachBlock(input, repeated(digest, BLOCK_OCTETS));
  }
  return Buffer.concat(output, octets);
}

function wholeBlocks(octets: Uint8Array): Buffer {
  return repeated(octets, BLOCK_OCTETS * Math.ceil(octets.length / BLOCK_OCTETS));
}

function repeated(octets: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, octets);
}

/** Each block becomes itself + `addend` + 1, as numbers of 64 octets: step 6C. */
function addToEachBlock(blocks: Buffer, addend: Buffer): void {
  for (let start = 0; start < blocks.length; start += BLOCK_OCTETS) {
    let carry = 1;
    for (let i = BLOCK_OCTETS - 1; i >= 0; i--) {
      const sum = (blocks[start + i] ?? 0) + (addend[i] ?? 0) + carry;
      blocks[start + i] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}

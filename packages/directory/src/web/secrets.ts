import { createHash, randomBytes } from 'node:crypto';

const TOKEN_OCTETS = 32;

/** 256 bits that nobody guesses, so that a plain hash is enough to keep them by. */
export const newToken = (): string => randomBytes(TOKEN_OCTETS).toString('base64url');

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

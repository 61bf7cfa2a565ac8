/** What we use of mailauth, by module: its own declarations are of the whole, which loads much more. */

declare module 'mailauth/lib/dkim/dkim-verifier.js' {
  import type { KeyObject } from 'node:crypto';
  import type { Writable } from 'node:stream';

  export type MailauthResolver = (name: string, type: string) => Promise<unknown[]>;

  export interface MailauthStatus {
    readonly result: string;
    readonly comment?: string | false;
    readonly policy?: Readonly<Record<string, string>>;
    readonly header?: { readonly d?: string | false; readonly from?: string | false };
    readonly underSized?: number;
  }

  export interface MailauthSignature {
    readonly status: MailauthStatus;
    readonly signingDomain?: string;
    readonly selector?: string;
    readonly signature?: string;
    readonly algo?: string;
  }

  /** What a key record says, and its key, in PEM or read. */
  export interface MailauthKey {
    readonly publicKey: string | Buffer | KeyObject;
  }

  export interface MailauthKeyCache {
    readonly resolver: MailauthResolver;
    /** @throws what is wrong with it, or what the resolver throws */
    get(type: string, name: string, minBitLength: number, options: object): Promise<MailauthKey>;
  }

  /** Of a body, by one of its canonicalizations. */
  export interface MailauthBodyHash {
    /** Of the body; canonical; and canonical, as far as `l=` goes. */
    readonly byteLength: number;
    readonly canonicalizedLength: number;
    readonly bodyHashedBytes: number;
    update(octets: Buffer): void;
    digest(encoding: 'base64'): string;
    getMimeStructureStart(): number;
  }

  interface DkimVerifierOptions {
    readonly resolver: MailauthResolver;
    readonly minBitLength: number;
    readonly strict: true;
    readonly curTime?: Date;
  }

  export class DkimVerifier extends Writable {
    constructor(options: DkimVerifierOptions);
    readonly results: readonly MailauthSignature[];
    readonly headerFrom: readonly string[];
    readonly fromFields: number;
    readonly arc: { keyCache: MailauthKeyCache };
    /** By canonicalization, algorithm and `l=`, with colons between; there from when the header section has been taken in. */
    readonly bodyHashes: Map<string, MailauthBodyHash>;
    keyCache: MailauthKeyCache;
    /** Takes the header section in at once, instead of octets that are searched for its end. */
    emitHeaders(header: Buffer): Promise<void>;
  }
}

declare module 'mailauth/lib/dkim/body/index.js' {
  import type { MailauthBodyHash } from 'mailauth/lib/dkim/dkim-verifier.js';

  export function dkimBody(canonicalization: string, algorithm: string, most: number | ''): MailauthBodyHash;
}

declare module 'mailauth/lib/tools.js' {
  import type { MailauthKey, MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';

  /** Reads a key record. */
  export function getPublicKey(
    type: string,
    name: string,
    minBitLength: number,
    resolver: MailauthResolver,
    options: object,
  ): Promise<MailauthKey & { readonly publicKey: string | Buffer }>;
  /** RFC 5890 §2.3.2.1. */
  export function toALabel(domain: string): string;
}

declare module 'mailauth/lib/arc/index.js' {
  import type { MailauthResolver, MailauthStatus } from 'mailauth/lib/dkim/dkim-verifier.js';

  interface ArcOptions {
    readonly resolver: MailauthResolver;
    readonly minBitLength: number;
    readonly strict: true;
  }

  export function arc(
    data: object,
    options: ArcOptions,
  ): Promise<{
    readonly status: MailauthStatus;
    readonly i?: number;
    readonly signature?: { readonly signingDomain?: string };
  }>;
}

declare module 'mailauth/lib/spf/index.js' {
  import type { MailauthResolver, MailauthStatus } from 'mailauth/lib/dkim/dkim-verifier.js';

  interface SpfOptions {
    readonly sender: string;
    readonly ip: string;
    readonly helo: string;
    readonly mta: string;
    readonly resolver: MailauthResolver;
    readonly strict: true;
  }

  export function spf(options: SpfOptions): Promise<{
    readonly domain: string;
    readonly status: MailauthStatus;
    readonly explanation?: string;
  }>;
}

declare module 'mailauth/lib/dmarc/verify.js' {
  import type { MailauthResolver, MailauthStatus } from 'mailauth/lib/dkim/dkim-verifier.js';

  interface DmarcOptions {
    readonly headerFrom: readonly string[];
    readonly fromFields: number;
    readonly spfDomains: readonly string[];
    readonly dkimDomains: readonly { readonly domain: string }[];
    readonly resolver: MailauthResolver;
    readonly strict: true;
  }

  interface DmarcResponse {
    readonly status: MailauthStatus;
    readonly domain?: string;
    readonly policy?: string;
    /** This and what follows: of the record that applies, if there is one. */
    readonly policyDomain?: string;
    readonly p?: string;
    readonly sp?: string;
    readonly testMode?: boolean;
    /** The record itself. */
    readonly rr?: string;
    readonly alignment?: Readonly<Record<'spf' | 'dkim', { readonly result?: string; readonly strict: boolean }>>;
  }

  export function evaluateDmarc(options: DmarcOptions): Promise<{
    readonly response: DmarcResponse | false;
    readonly reason?: string;
    readonly authorDomains?: readonly string[];
  }>;
}

declare module 'mailauth/lib/dmarc/get-dmarc-record.js' {
  import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';

  type RecordLookup = (name: string) => Promise<object | false>;

  export function createRecordLookup(resolver: MailauthResolver, options: { readonly strict: true }): RecordLookup;
  /** @throws what the resolver throws */
  export function getOrgDomain(domain: string, lookup: RecordLookup): Promise<string>;
}

declare module 'mailauth/lib/dkim/sign.js' {
  interface SignOptions {
    readonly canonicalization?: string;
    readonly signTime?: Date;
    readonly expires?: Date;
    readonly signatureData: readonly {
      readonly signingDomain: string;
      readonly selector: string;
      readonly privateKey: string;
      readonly algorithm?: string;
      readonly maxBodyLength?: number;
    }[];
  }

  export function dkimSign(message: Buffer, options: SignOptions): Promise<{ readonly signatures: string }>;
}

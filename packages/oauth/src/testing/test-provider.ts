import { KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { TokenOutcome } from '../token-validator.ts';

export const CONFIGURATION = '/.well-known/openid-configuration';
export const KEYS = '/keys';

/** Of the tests' clock, in seconds. */
export const NOW = 1_800_000_000;

interface SigningKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

type Members = Readonly<Record<string, unknown>>;

/** The address, what is wrong with the token, or with the provider. */
export function summary(outcome: TokenOutcome): string {
  switch (outcome.type) {
    case 'accepted':
      return outcome.address;
    case 'refused':
      return outcome.fault;
    case 'unavailable':
      return outcome.error.message;
    default:
      return outcome satisfies never;
  }
}

/** A part of a JWT. */
export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A key of an algorithm; its public half as a key set has it. */
export async function makeKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Serves an issuer's configuration and keys, or whatever a test has it say, and notes what it was asked for. */
export class TestProvider implements AsyncDisposable {
  readonly #server: Server;
  readonly requests: string[] = [];
  readonly answers = new Map<string, (response: ServerResponse) => void>();
  /** What the key set has. */
  keys: readonly unknown[] = [];
  issuer = '';

  private constructor(makeServer: (listener: RequestListener) => Server) {
    this.#server = makeServer((request, response) => {
      this.requests.push(request.url ?? '');
      const answer = this.answers.get(request.url ?? '');
      if (answer === undefined) response.writeHead(404).end();
      else answer(response);
    });
    this.answers.set(CONFIGURATION, (response) => {
      response.end(JSON.stringify({ issuer: this.issuer, jwks_uri: `${this.issuer}${KEYS}` }));
    });
    this.answers.set(KEYS, (response) => response.end(JSON.stringify({ keys: this.keys })));
  }

  static async start(makeServer: (listener: RequestListener) => Server = createServer): Promise<TestProvider> {
    const provider = new TestProvider(makeServer);
    provider.#server.listen(0, '127.0.0.1');
    await once(provider.#server, 'listening');
    provider.issuer = `http://127.0.0.1:${provider.port}`;
    return provider;
  }

  get port(): number {
    const address = this.#server.address();
    if (!isTcp(address)) throw new Error('it does not listen');
    return address.port;
  }

  /** A token as this issuer makes it for `postel`, apart from what is said. */
  sign(key: SigningKey, claims: Members = {}): Promise<string> {
    const { kid } = key.publicJwk;
    const header = { alg: key.alg, typ: 'at+jwt', ...(kid !== undefined && { kid }) };
    return new SignJWT(this.claims(claims)).setProtectedHeader(header).sign(key.privateKey);
  }

  /** By RS256, with a header that no library would sign. */
  signRaw(key: SigningKey, header: Members): string {
    const input = `${encode({ alg: key.alg, kid: key.publicJwk.kid, ...header })}.${encode(this.claims())}`;
    return `${input}.${sign('sha256', Buffer.from(input), KeyObject.from(key.privateKey)).toString('base64url')}`;
  }

  claims(others: Members = {}): Members {
    const { issuer: iss } = this;
    return { iss, aud: 'postel', sub: 'u1', email: 'ann@example.com', iat: NOW, exp: NOW + 300, ...others };
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function isTcp(address: ReturnType<Server['address']>): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

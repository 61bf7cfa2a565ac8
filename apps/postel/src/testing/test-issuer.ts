import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { freePort } from '@postel/testkit';
import Provider from 'oidc-provider';

const SECRET = 'a secret of the tests';
const RESOURCE = 'urn:example:mail';
const LIFETIME_S = 3_600;
const RESOURCE_SERVER = {
  audience: 'postel',
  scope: 'mail calendar',
  accessTokenFormat: 'jwt',
  accessTokenTTL: LIFETIME_S,
  jwt: { sign: { alg: 'RS256' } },
};

/**
 * An OpenID Connect provider whose clients stand for a person each: their client_id is the person's address, and goes into
 * the claim `email` of their access tokens.
 */
export class TestIssuer implements AsyncDisposable {
  readonly issuer: string;
  readonly requests: string[] = [];
  readonly #people: readonly string[];
  readonly #server = createServer((request, response) => {
    this.requests.push(request.url ?? '');
    this.#answer(request, response);
  });
  #answer: RequestListener = () => {};
  #keys = 0;

  private constructor(port: number, people: readonly string[]) {
    this.issuer = `http://127.0.0.1:${port}`;
    this.#people = people;
  }

  static async start(...people: readonly string[]): Promise<TestIssuer> {
    const port = await freePort();
    const issuer = new TestIssuer(port, people);
    issuer.rotateKeys();
    issuer.#server.listen(port, '127.0.0.1');
    await once(issuer.#server, 'listening');
    return issuer;
  }

  /** From now on it signs with a new key, and publishes no other. */
  rotateKeys(): void {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { ...privateKey.export({ format: 'jwk' }), kid: `key-${++this.#keys}`, use: 'sig', alg: 'RS256' };
    const clients = this.#people.map((address) => ({
      client_id: address,
      client_secret: SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    }));
    const provider = new Provider(this.issuer, {
      clients,
      jwks: { keys: [key] },
      ttl: { ClientCredentials: LIFETIME_S },
      cookies: { keys: [SECRET] },
      extraTokenClaims: (_: unknown, token: { readonly clientId: string }) => ({ email: token.clientId }),
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: { enabled: true, getResourceServerInfo: () => RESOURCE_SERVER },
      },
    });
    this.#answer = provider.callback();
  }

  /** It closes every connection unanswered, until it gets new keys. */
  goAway(): void {
    this.#answer = (_, response) => response.destroy();
  }

  /** An access token for mail, as a program gets it by RFC 6749 §4.4 and RFC 8707. */
  async token(address: string, scope = 'mail'): Promise<string> {
    const asked = {
      grant_type: 'client_credentials',
      client_id: address,
      client_secret: SECRET,
      resource: RESOURCE,
      scope,
    };
    const response = await fetch(`${this.issuer}/token`, { method: 'POST', body: new URLSearchParams(asked) });
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token);
    throw new Error(JSON.stringify(answer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

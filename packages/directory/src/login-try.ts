import { randomBytes } from 'node:crypto';
import type {
  BearerOutcome,
  CredentialVerifier,
  ScramCandidate,
  ScramCredentials,
  ScramHash,
  SharedSecret,
} from '@postel/sasl';
import type { Sql } from '@postel/storage';
import { NetworkList } from './address-prefix.ts';
import { authorize } from './authorize.ts';
import { findAccountToActAs } from './find-account.ts';
import { findClientKey } from './find-client-key.ts';
import { findCredentials, type NamedAccount, type StoredCredential } from './find-credentials.ts';
import type { HashPool } from './hash-pool.ts';
import type { AuthenticatedAccount, LoginContext } from './login.ts';
import type { RecentLogins } from './recent-logins.ts';
import type { VerifiedLogins } from './verified-logins.ts';
import { verifyPassword } from './verify-password.ts';
import { type TokenChecker, type TokenRefusal, verifyToken } from './verify-token.ts';

/** What all logins of a process share. */
export interface LoginServices {
  readonly sql: Sql;
  readonly pool: HashPool;
  readonly verifiedLogins: VerifiedLogins;
  readonly recentLogins: RecentLogins;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Who ANONYMOUS comes in as; null: nobody. */
  readonly anonymousAccount: string | null;
  /** Null: nobody's access tokens are taken. */
  readonly tokenValidator: TokenChecker | null;
  readonly onTokenRefused: (refusal: TokenRefusal) => void;
}

/** What an account without a password is asked a proof for: it takes as long as for one with. */
const NO_PASSWORD: ScramCandidate<never> = {
  keys: { storedKey: randomBytes(32), serverKey: randomBytes(32) },
  identity: null,
};

/** One try to log in, by whatever mechanism: what is right and what is wrong. */
export class LoginTry implements CredentialVerifier<AuthenticatedAccount> {
  readonly #services: LoginServices;
  readonly #context: LoginContext;

  constructor(services: LoginServices, context: LoginContext) {
    this.#services = services;
    this.#context = context;
  }

  async verifyPassword(login: string, password: string): Promise<AuthenticatedAccount | null> {
    const { sql, pool, verifiedLogins, recentLogins, now } = this.#services;
    const fingerprint = recentLogins.fingerprint(login, password);
    const recent = recentLogins.find(fingerprint);
    const known = recent === null ? null : this.#identity(recent.account, recent.stored);
    if (known !== null) return known;

    const askedAt = now();
    const credentials = await findCredentials(sql, login);
    const { account, version } = credentials;
    recentLogins.learn(version, askedAt);
    const stored = await verifyPassword(pool, verifiedLogins, credentials, password);
    if (account === null || stored === null) return null;
    recentLogins.add(fingerprint, { account, stored }, version);
    return this.#identity(account, stored);
  }

  async findScramCredentials(login: string, hash: ScramHash): Promise<ScramCredentials<AuthenticatedAccount>> {
    const credentials = await findCredentials(this.#services.sql, login);
    const candidates = credentials.stored.map((stored) => ({
      keys: stored.keys[hash],
      identity: this.#identity(credentials.account, stored),
    }));
    return { ...credentials.salts[hash], candidates: candidates.length > 0 ? candidates : [NO_PASSWORD] };
  }

  async findSharedSecrets(login: string): Promise<readonly SharedSecret<AuthenticatedAccount>[]> {
    const credentials = await findCredentials(this.#services.sql, login);
    const secrets = credentials.stored.flatMap((stored) =>
      stored.sharedSecret === null
        ? []
        : [{ secret: stored.sharedSecret, identity: this.#identity(credentials.account, stored) }],
    );
    return secrets.length > 0 ? secrets : [{ secret: randomBytes(16).toString('hex'), identity: null }];
  }

  async findExternalIdentity(): Promise<AuthenticatedAccount | null> {
    const { clientKey } = this.#context;
    // Asked anew: it may have been removed since the handshake, or have been another account's.
    const key = clientKey === null ? null : await findClientKey(this.#services.sql, clientKey.fingerprint);
    if (key === null || key.accountId !== clientKey?.accountId) return null;
    const { accountId, accountName: name, loginAddress, fingerprint } = key;
    const credential = { type: 'tls-public-key', fingerprint, name: key.name } as const;
    return { accountId, name, loginAddress, credential, expiresAt: null };
  }

  async findAnonymousIdentity(): Promise<AuthenticatedAccount | null> {
    const { sql, anonymousAccount } = this.#services;
    const account = anonymousAccount === null ? null : await findAccountToActAs(sql, anonymousAccount);
    if (account === null || !this.#isOfClientKey(account)) return null;
    return { ...account, credential: { type: 'anonymous' }, expiresAt: null };
  }

  async verifyBearerToken(token: string, user: string): Promise<BearerOutcome<AuthenticatedAccount>> {
    const outcome = await verifyToken(this.#services, token, user, (account) => this.#isOfClientKey(account));
    if (outcome.type === 'accepted') return outcome;
    this.#services.onTokenRefused(outcome);
    return { type: 'refused', refusal: outcome.refusal };
  }

  authorize(account: AuthenticatedAccount, authorizationIdentity: string): Promise<AuthenticatedAccount | null> {
    return authorize(this.#services.sql, account, authorizationIdentity);
  }

  /** Null: this password is not for here, or not any more. */
  #identity(account: NamedAccount | null, stored: StoredCredential): AuthenticatedAccount | null {
    if (account === null || !this.#isGoodHere(stored) || !this.#isOfClientKey(account)) return null;
    return { ...account, credential: stored.credential, expiresAt: stored.expiresAt };
  }

  #isGoodHere({ credential, mayUseImap, mayUseSmtp, expiresAt, networks }: StoredCredential): boolean {
    const { service, clientAddress } = this.#context;
    const isFor = { imap: mayUseImap, smtp: mayUseSmtp, web: credential.type === 'password' } as const;
    if (!isFor[service]) return false;
    if (expiresAt !== null && expiresAt.getTime() <= Date.now()) return false;
    return networks === null || new NetworkList(networks).includes(clientAddress);
  }

  /** Who has shown the key of an account may log in by other means, but not to another account. */
  #isOfClientKey({ accountId }: NamedAccount): boolean {
    const { clientKey } = this.#context;
    return clientKey === null || clientKey.accountId === accountId;
  }
}

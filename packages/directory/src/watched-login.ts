import { randomBytes } from 'node:crypto';
import type { BearerOutcome, CredentialVerifier, ScramCredentials, ScramHash, SharedSecret } from '@postel/sasl';
import type { AccountId, Sql } from '@postel/storage';
import { findFamiliarAccount } from './attempt-rows.ts';
import type { CredentialUses } from './credential-uses.ts';
import type { DirectoryError } from './errors.ts';
import type { AuthenticatedAccount, LoginAttempt, LoginContext, LoginOutcome } from './login.ts';
import { type LoginHistory, recordedOutcomes } from './login-history.ts';
import type { LoginBlock, LoginLimits, LoginOrigin } from './login-limits.ts';
import { parseLoginName } from './login-name.ts';

/** What watches all logins of a process. */
export interface LoginWatch {
  readonly sql: Sql;
  readonly limits: LoginLimits;
  readonly history: LoginHistory;
  readonly uses: CredentialUses;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * A try to log in that is limited, counted and written down.
 *
 * Where too many have failed, a password is not looked at, unless its account has been used from there: then its owner may
 * still come in. Either way the exchange runs to its end and fails alike, after the same time. Keys and tokens, which nobody
 * guesses, are looked at always, and one that is over or removed counts for nothing: programs come back with it for hours.
 */
export class WatchedLogin implements LoginAttempt {
  readonly #verifier: CredentialVerifier<AuthenticatedAccount>;
  readonly #watch: LoginWatch;
  readonly #context: LoginContext;
  readonly #mechanism: string;
  readonly #origin: LoginOrigin;
  readonly #beganAt: number;
  #block: LoginBlock | null = null;
  /** Whose owner may try in spite of the block. */
  #familiar: AccountId | null = null;
  #isStranger = false;
  /** Of a password, which can be guessed. */
  #mayBeGuess = false;
  #loginName: string | null = null;
  #password: string | null = null;
  #account: AuthenticatedAccount | null = null;
  #program: string | null = null;
  #rename: ((program: string) => void) | null = null;
  #refusal: DirectoryError | null = null;

  constructor(
    verifier: CredentialVerifier<AuthenticatedAccount>,
    watch: LoginWatch,
    context: LoginContext,
    mechanism: string,
  ) {
    this.#verifier = verifier;
    this.#watch = watch;
    this.#context = context;
    this.#mechanism = mechanism;
    this.#origin = watch.limits.origin(context.clientAddress);
    this.#beganAt = watch.now();
  }

  async verifyPassword(login: string, password: string): Promise<AuthenticatedAccount | null> {
    this.#loginName = login;
    this.#password = password;
    if (!(await this.#mayTry(login))) return null;
    return this.#found(await this.#verifier.verifyPassword(login, password));
  }

  async findScramCredentials(login: string, hash: ScramHash): Promise<ScramCredentials<AuthenticatedAccount>> {
    this.#loginName = login;
    const mayTry = await this.#mayTry(login);
    const credentials = await this.#verifier.findScramCredentials(login, hash);
    return mayTry ? credentials : { ...credentials, candidates: [] };
  }

  async findSharedSecrets(login: string): Promise<readonly SharedSecret<AuthenticatedAccount>[]> {
    this.#loginName = login;
    if (await this.#mayTry(login)) return await this.#verifier.findSharedSecrets(login);
    return [{ secret: randomBytes(16).toString('hex'), identity: null }];
  }

  async findExternalIdentity(): Promise<AuthenticatedAccount | null> {
    return this.#found(await this.#verifier.findExternalIdentity());
  }

  async findAnonymousIdentity(trace: string): Promise<AuthenticatedAccount | null> {
    return this.#found(await this.#verifier.findAnonymousIdentity(trace));
  }

  async verifyBearerToken(token: string, user: string): Promise<BearerOutcome<AuthenticatedAccount>> {
    if (user !== '') this.#loginName = user;
    const outcome = await this.#verifier.verifyBearerToken(token, user);
    if (outcome.type === 'accepted') this.#found(outcome.identity);
    return outcome;
  }

  async authorize(account: AuthenticatedAccount, authorizationIdentity: string): Promise<AuthenticatedAccount | null> {
    this.#found(account);
    return await this.#verifier.authorize(account, authorizationIdentity);
  }

  get refusal(): DirectoryError | null {
    return this.#refusal;
  }

  nameProgram(program: string): void {
    this.#program = program;
    this.#rename?.(program);
  }

  settle(outcome: LoginOutcome, account: AuthenticatedAccount | null = null): number {
    const { history, uses } = this.#watch;
    const delayMs = this.#count(outcome);
    const who = account ?? this.#account;
    if (outcome === 'success' && who !== null) uses.note(who, this.#context.clientAddress);
    this.#rename = history.add({
      context: this.#context,
      mechanism: this.#mechanism,
      loginName: this.#loginName,
      account: outcome === 'success' || outcome === 'authorization' ? who : null,
      outcome: this.#refusal === null ? recordedOutcomes[outcome] : 'limited',
      program: this.#program,
    });
    this.#password = null;
    return delayMs;
  }

  /** Makes the limits know of what others did, and learns whether the login may be looked at. */
  async #mayTry(login: string): Promise<boolean> {
    const { sql, limits } = this.#watch;
    this.#mayBeGuess = true;
    await limits.refresh();
    this.#block = limits.block(this.#origin);
    const isGuessedByMany = limits.strangerDelayMs(this.#origin, login) > 0;
    if (this.#block === null && !isGuessedByMany) return true;
    const familiar = await findFamiliarAccount(sql, await parseLoginName(login), this.#origin.prefixes.host);
    this.#isStranger = familiar === null;
    if (this.#block === null) return true;
    if (familiar === null || !limits.mayTryFamiliar(familiar, this.#origin)) return false;
    this.#familiar = familiar;
    return true;
  }

  /** @returns how long the answer waits */
  #count(outcome: LoginOutcome): number {
    const { limits, now } = this.#watch;
    const origin = this.#origin;
    if (outcome === 'success') return this.#isStranger ? limits.strangerDelayMs(origin, this.#loginName) : 0;
    if (outcome !== 'credentials' || !this.#mayBeGuess) return 0;
    if (this.#block === null) {
      limits.countFailure(origin, this.#loginName, this.#password);
      return limits.failureDelayMs(origin, this.#loginName);
    }
    if (this.#familiar !== null) limits.countFamiliar(this.#familiar, origin);
    this.#refusal = limits.refusal(this.#block);
    return limits.refusalDelayMs(now() - this.#beganAt);
  }

  #found(account: AuthenticatedAccount | null): AuthenticatedAccount | null {
    this.#account = account ?? this.#account;
    return account;
  }
}

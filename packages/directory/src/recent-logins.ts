import { hash, randomBytes } from 'node:crypto';
import type { NamedAccount, StoredCredential } from './find-credentials.ts';
import { RecentAnswers, type RecentAnswersOptions } from './recent-answers.ts';

/** Who a login and its password were found to be. */
export interface FoundLogin {
  readonly account: NamedAccount;
  readonly stored: StoredCredential;
}

/**
 * Spares the database the logins that it has just answered: whoever has logged in comes in with the same login and password
 * without a question.
 *
 * A login is kept under a hash of both with a key that is drawn at start. One that is wrong is found under nothing, as
 * that of nobody is, and costs what it always does.
 */
export class RecentLogins {
  readonly #key = randomBytes(32).toString('hex');
  readonly #options: RecentAnswersOptions;
  readonly #logins: RecentAnswers<FoundLogin>;

  constructor(options: RecentAnswersOptions) {
    this.#options = options;
    this.#logins = new RecentAnswers(options);
  }

  /**
   * With SHA-3 the key may stand in front; a HMAC takes three times as long (2 µs).
   *
   * @param login as it was given
   */
  fingerprint(login: string, password: string): string {
    return hash('sha3-256', `${this.#key} ${login.length} ${login} ${password}`, 'base64');
  }

  /** Null: the database is to be asked. */
  find(fingerprint: string): FoundLogin | null {
    return this.#logins.find(fingerprint);
  }

  /** @param askedAt before the database was asked for the version; monotonic milliseconds */
  learn(version: number, askedAt: number): void {
    this.#options.version.learn(version, askedAt);
  }

  /** @param version that it was found by */
  add(fingerprint: string, login: FoundLogin, version: number): void {
    this.#logins.add(fingerprint, login, version);
  }
}

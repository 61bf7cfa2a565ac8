import type { Database } from '@postel/storage';
import { addAccount, listAccounts, removeAccount, setDisabled } from './accounts.ts';
import { addAddress } from './addresses.ts';
import { openAppPasswords } from './app-passwords.ts';
import type { Directory } from './directory.ts';
import { addDomain, setCatchall } from './domains.ts';
import { findClientKey } from './find-client-key.ts';
import { createHashPool } from './hash-pool.ts';
import { LoginTry } from './login-try.ts';
import { resolvePostmaster, resolveRecipient } from './resolve-recipient.ts';
import { changeRetention, readRetention } from './retention.ts';
import { setPassword } from './set-password.ts';
import { openTlsPublicKeys } from './tls-public-keys.ts';
import { VerifiedLogins } from './verified-logins.ts';
import type { TokenChecker, TokenRefusal } from './verify-token.ts';

/**
 * Half of libuv's four threads, which file reads and writes share: with all four hashing, a file read of 0.03 ms took
 * 2 ms (2 cores). At 3 ms a hash this is 650 logins a second.
 */
const HASHES_AT_ONCE = 2;
/** The last of them waits 1.5 s. */
const HASHES_WAITING = 1_000;
const VERIFIED_LOGINS = 10_000;
const VERIFIED_LOGIN_LIFETIME_MS = 15 * 60_000;
/** Mechanisms that nobody has a shared secret for yet: a client that took one would only fail. */
const WITHOUT_CREDENTIALS: ReadonlySet<string> = new Set(['CRAM-MD5', 'DIGEST-MD5']);

export interface DirectoryOptions {
  /** Who ANONYMOUS comes in as. Null or left out: nobody. */
  readonly anonymousAccount?: string | null;
  /** Whose access tokens log people in. Null or left out: nobody's. */
  readonly tokenValidator?: TokenChecker | null;
  /** Told of every access token that is refused. */
  readonly onTokenRefused?: (refusal: TokenRefusal) => void;
}

/** The directory in a database that has been migrated. To be closed before the database, which is the caller's. */
export function openDirectory({ sql }: Pick<Database, 'sql'>, options: DirectoryOptions = {}): Directory {
  const { anonymousAccount = null, tokenValidator = null, onTokenRefused = () => {} } = options;
  const pool = createHashPool({ atOnce: HASHES_AT_ONCE, waiting: HASHES_WAITING });
  const verifiedLogins = new VerifiedLogins({
    maxEntries: VERIFIED_LOGINS,
    lifetimeMs: VERIFIED_LOGIN_LIFETIME_MS,
    now: () => performance.now(),
  });
  const logins = { sql, pool, verifiedLogins, anonymousAccount, tokenValidator, onTokenRefused };

  return {
    addDomain: (name) => addDomain(sql, name),
    setCatchall: (domain, accountName) => setCatchall(sql, domain, accountName),
    addAccount: (account) => addAccount(sql, pool, account),
    addAddress: (accountName, address) => addAddress(sql, accountName, address),
    listAccounts: () => listAccounts(sql),
    removeAccount: (name) => removeAccount(sql, name),
    setDisabled: (accountName, isDisabled) => setDisabled(sql, accountName, isDisabled),
    setPassword: (accountName, password) => setPassword(sql, pool, accountName, password),
    appPasswords: openAppPasswords(sql, pool),
    readRetention: (accountName) => readRetention(sql, accountName),
    changeRetention: (accountName, change) => changeRetention(sql, accountName, change),
    beginLogin: (context, mechanism) => new LoginTry(logins, context, mechanism),
    allowsMechanism(name) {
      switch (name) {
        case 'ANONYMOUS':
          return anonymousAccount !== null;
        case 'OAUTHBEARER':
        case 'XOAUTH2':
          return tokenValidator !== null;
        default:
          return !WITHOUT_CREDENTIALS.has(name);
      }
    },
    tlsPublicKeys: openTlsPublicKeys(sql),
    findClientKey: (fingerprint) => findClientKey(sql, fingerprint),
    resolveRecipient: (address) => resolveRecipient(sql, address),
    resolvePostmaster: (hostname) => resolvePostmaster(sql, hostname),
    async mayUseAddress(accountId, address) {
      const recipient = await resolveRecipient(sql, address);
      return recipient.type === 'account' && recipient.accountId === accountId;
    },
    async close() {},
  };
}

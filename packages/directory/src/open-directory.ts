import type { Database, Sql } from '@postel/storage';
import { addAccount, listAccounts, removeAccount, setDisabled } from './accounts.ts';
import type { Actor } from './actor.ts';
import type { Address } from './address.ts';
import { addAddress, openAddresses, readableAddresses } from './addresses.ts';
import { requireAdministered } from './administered.ts';
import { aliasesOf, mayUseAddress, visibleMembers } from './alias-members.ts';
import { openAliases, readableAliases } from './aliases.ts';
import { openAppPasswords, readableAppPasswords } from './app-passwords.ts';
import { applyState, compareState } from './apply-state.ts';
import { countLogins, listLogins } from './attempt-rows.ts';
import { guardedSql } from './bound-sql.ts';
import { CredentialUses } from './credential-uses.ts';
import { noteDeed } from './deeds.ts';
import type { Directory, ManagedDirectory } from './directory.ts';
import { listChanges } from './directory-changes.ts';
import { directoryPages, readAccountSummary } from './directory-pages.ts';
import { readDirectorySecrets, readDirectoryState } from './directory-state.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { openDkimKeys, readableDkimKeys } from './dkim-keys.ts';
import {
  addDomain,
  changeDomain,
  findDomainName,
  findMtaStsMode,
  listDomains,
  removeDomain,
  setCatchall,
} from './domains.ts';
import { expandAlias } from './expand-alias.ts';
import { type FailureStore, failuresIn } from './failure-store.ts';
import { identifyAccount } from './find-account.ts';
import { findClientKey } from './find-client-key.ts';
import { createHashPool, type HashPool } from './hash-pool.ts';
import { LoginHistory } from './login-history.ts';
import { clearLoginFailures, LoginLimits, listLimitedNetworks } from './login-limits.ts';
import { LoginTry } from './login-try.ts';
import { mechanismPolicy } from './mechanism-policy.ts';
import { openQuotas, readableQuotas } from './quotas.ts';
import { RecentAnswers, RecentVersion } from './recent-answers.ts';
import { RecentLogins } from './recent-logins.ts';
import { type RecentRecipients, resolvePostmaster, resolveRecipient } from './resolve-recipient.ts';
import { changeRetention, readRetention } from './retention.ts';
import { mayAdminister, setRole } from './roles.ts';
import { openRoutes, readableRoutes } from './routes/routes.ts';
import { setPassword } from './set-password.ts';
import { openShares, readableShares } from './shares.ts';
import { openSubmission, type Submitter, type UsableSubmission, usableSubmission } from './submission.ts';
import { openTlsPublicKeys, readableTlsPublicKeys } from './tls-public-keys.ts';
import { changeTogether, readDirectory } from './transaction.ts';
import { VerifiedLogins } from './verified-logins.ts';
import type { TokenChecker, TokenRefusal } from './verify-token.ts';
import { WatchedLogin } from './watched-login.ts';
import { WatchedSessions } from './watched-sessions.ts';
import { setAdminPassword } from './web/admin-password.ts';
import { removeSecondFactor } from './web/second-factor.ts';
import { openWebAccess } from './web/web-access.ts';
import { openWebhooks, readableWebhooks } from './webhooks.ts';

/**
 * Half of libuv's four threads, which file reads and writes share: with all four hashing, a file read of 0.03 ms took
 * 2 ms (2 cores). At 3 ms a hash this is 650 logins a second.
 */
const HASHES_AT_ONCE = 2;
/** The last of them waits 1.5 s. */
const HASHES_WAITING = 1_000;
const REMEMBERED_LOGINS = 10_000;
const VERIFIED_LOGIN_LIFETIME_MS = 15 * 60_000;
/** Also what was changed behind our back, and has no version, is known then. */
const RECENT_LOGIN_LIFETIME_MS = 5_000;
/** The same of who gets mail and who sends it, and how much of their quota and limits is used. */
const RECENT_USE_LIFETIME_MS = 1_000;
const REMEMBERED_ADDRESSES = 10_000;
const REMEMBERED_SUBMITTERS = 10_000;
/** What goes on going wrong is told again after so long. */
const WARNING_MS = 60_000;

export interface DirectoryOptions {
  /** Who ANONYMOUS comes in as. Null or left out: nobody. */
  readonly anonymousAccount?: string | null;
  /** Whose access tokens log people in. Null or left out: nobody's. */
  readonly tokenValidator?: TokenChecker | null;
  /** Told of every access token that is refused. */
  readonly onTokenRefused?: (refusal: TokenRefusal) => void;
  /** The SASL mechanisms that may be offered, in upper case; SCRAM-SHA-256 names its -PLUS too. Null or left out: all. */
  readonly mechanisms?: readonly string[] | null;
  /** Networks, as CIDR, whose failed logins are not limited. */
  readonly trustedNetworks?: readonly string[];
  /** Told, once each, of what an operator should know. */
  readonly onWarning?: (message: string, error?: unknown) => void;
}

/** The directory in a database that has been migrated. To be closed before the database, which is the caller's. */
export function openDirectory({ sql }: Pick<Database, 'sql'>, options: DirectoryOptions = {}): Directory {
  const { anonymousAccount = null, mechanisms = null, tokenValidator = null, trustedNetworks = [] } = options;
  const { onTokenRefused = () => {}, onWarning = () => {} } = options;
  const now = () => performance.now();
  const pool = createHashPool({ atOnce: HASHES_AT_ONCE, waiting: HASHES_WAITING });
  const verifiedLogins = new VerifiedLogins({
    maxEntries: REMEMBERED_LOGINS,
    lifetimeMs: VERIFIED_LOGIN_LIFETIME_MS,
    now,
  });
  const version = new RecentVersion(now);
  const recentLogins = new RecentLogins({
    version,
    maxEntries: REMEMBERED_LOGINS,
    lifetimeMs: RECENT_LOGIN_LIFETIME_MS,
  });
  const recentUse = { version, lifetimeMs: RECENT_USE_LIFETIME_MS };
  const recipients: RecentRecipients = new RecentAnswers({ ...recentUse, maxEntries: REMEMBERED_ADDRESSES });
  const submitters = new RecentAnswers<Submitter>({ ...recentUse, maxEntries: REMEMBERED_SUBMITTERS });
  let silentUntilMs = 0;
  const onError = (error: unknown) => {
    if (now() < silentUntilMs) return;
    silentUntilMs = now() + WARNING_MS;
    onWarning('logins are not counted or written down', error);
  };
  const failures = failuresIn(sql);
  const limits = new LoginLimits({ store: failures, now, onError, trustedNetworks });
  const history = new LoginHistory({ sql, onError, now: () => Date.now() });
  const uses = new CredentialUses(sql, { onError, now: () => Date.now() });
  const loginWatch = { sql, limits, history, uses, now };
  const sessions = new WatchedSessions(sql);
  const watch = new DirectoryWatch(sql, sessions, { anonymousAccount, onWarning });
  const known = { verifiedLogins, recentLogins, now };
  const logins = { sql, pool, ...known, anonymousAccount, tokenValidator, onTokenRefused };

  const changing = (actor: Actor, on: Sql): ManagedDirectory => {
    const reading = { ...directory, ...readsIn(on, submitters) };
    return {
      ...reading,
      ...changesBy(actor, { sql: on, pool, failures, submission: reading.submission }),
      together: (work) => changeTogether(on, (bound) => work(changing(actor, bound))),
    };
  };
  const directory: Directory = {
    ...readsIn(sql, submitters),
    as: (actor) => changing(actor, sql),
    within: (actor, within) =>
      changing(
        actor,
        guardedSql(sql, (tx) => requireAdministered(tx, within)),
      ),
    requireAdministered: (within) => readDirectory(() => requireAdministered(sql.read, within)),
    mayAdminister: (account) => mayAdminister(sql, account),
    beginLogin: (context, mechanism) => new WatchedLogin(new LoginTry(logins, context), loginWatch, context, mechanism),
    recordUnknownKey(context) {
      const attempt = { context, mechanism: null, loginName: null, account: null, program: null } as const;
      history.add({ ...attempt, outcome: 'unknown-key' });
    },
    listLogins: (filter) => listLogins(sql, filter),
    countLogins: (since) => countLogins(sql, since),
    listChanges: (filter) => listChanges(sql, filter),
    listLimitedNetworks: () => listLimitedNetworks(failures),
    loginLimits: limits,
    web: openWebAccess(sql, pool, loginWatch),
    mechanismsFor: mechanismPolicy({
      mechanisms,
      hasAnonymousAccount: anonymousAccount !== null,
      takesTokens: tokenValidator !== null,
      takesSharedSecrets: (client) => watch.takesSharedSecrets(client),
    }),
    watchSession: (account, end) => sessions.watch(account, end),
    start: () => watch.start(),
    findClientKey: (fingerprint) => findClientKey(sql, fingerprint),
    resolveRecipient: (address) => resolveRecipient(sql, address, recipients),
    resolvePostmaster: (hostname) => resolvePostmaster(sql, hostname, recipients),
    expandAlias: (alias, poster) => expandAlias(sql, alias, poster),
    aliasesOf: (accountId) => aliasesOf(sql, accountId),
    visibleMembers: (accountId, address) => visibleMembers(sql, accountId, address),
    mayUseAddress: (accountId, address) => mayUseAddress(sql, accountId, address, recipients),
    async close() {
      await watch.close();
      await Promise.all([limits.flush(), history.flush({ all: true }), uses.flush()]);
    },
  };
  return directory;
}

/** What is read of the directory's own tables, in a database or in one transaction. */
function readsIn(sql: Sql, submitters: RecentAnswers<Submitter>) {
  return {
    domainName: (name) => findDomainName(sql, name),
    mtaStsMode: (name) => findMtaStsMode(sql, name),
    listDomains: () => listDomains(sql),
    dkimKeys: readableDkimKeys(sql),
    webhooks: readableWebhooks(sql),
    addresses: readableAddresses(sql),
    aliases: readableAliases(sql),
    identify: (name) => identifyAccount(sql, name),
    readAccount: (name) => readAccountSummary(sql, name),
    pages: directoryPages(sql),
    listAccounts: () => listAccounts(sql),
    appPasswords: readableAppPasswords(sql),
    quotas: readableQuotas(sql),
    shares: readableShares(sql),
    routes: readableRoutes(sql),
    submission: usableSubmission(sql, submitters),
    readRetention: (accountName) => readRetention(sql, accountName),
    readState: () => readDirectoryState(sql),
    readSecrets: () => readDirectorySecrets(sql),
    compare: (declared) => compareState(sql, declared),
    tlsPublicKeys: readableTlsPublicKeys(sql),
  } satisfies Partial<Directory>;
}

interface ChangingParts {
  readonly sql: Sql;
  readonly pool: HashPool;
  readonly failures: FailureStore;
  readonly submission: UsableSubmission;
}

/** What somebody may change, beside what everybody may read. */
function changesBy(
  actor: Actor,
  { sql, pool, failures, submission }: ChangingParts,
): Omit<ManagedDirectory, Exclude<keyof Directory, Changing> | 'together'> {
  const isAddress = async (address: Address) => (await resolveRecipient(sql, address, null)).type !== 'unknown-address';
  return {
    apply: (declared, check) => applyState(sql, actor, declared, check),
    addDomain: (name) => addDomain(sql, actor, name),
    setCatchall: (domain, accountName) => setCatchall(sql, actor, domain, accountName),
    changeDomain: (domain, change) => changeDomain(sql, actor, domain, change),
    removeDomain: (domain) => removeDomain(sql, actor, domain),
    dkimKeys: openDkimKeys(sql, actor),
    webhooks: openWebhooks(sql, actor),
    addresses: openAddresses(sql, actor),
    aliases: openAliases(sql, actor, isAddress),
    addAccount: (account) => addAccount(sql, actor, pool, account),
    addAddress: (accountName, address, mailbox = null) => addAddress(sql, actor, accountName, address, mailbox),
    removeAccount: (name) => removeAccount(sql, actor, name),
    setDisabled: (accountName, isDisabled) => setDisabled(sql, actor, accountName, isDisabled),
    setRole: (accountName, role, domains = []) => setRole(sql, actor, accountName, role, domains),
    removeSecondFactor: (accountName) => removeSecondFactor(sql, actor, accountName),
    setPassword: (accountName, password) => setPassword(sql, actor, pool, accountName, password),
    setAdminPassword: (password) => setAdminPassword(sql, actor, pool, password),
    appPasswords: openAppPasswords(sql, actor, pool),
    quotas: openQuotas(sql, actor),
    shares: openShares(sql, actor),
    routes: openRoutes(sql, actor),
    submission: openSubmission(sql, actor, submission),
    tlsPublicKeys: openTlsPublicKeys(sql, actor),
    changeRetention: (accountName, change) => changeRetention(sql, actor, accountName, change),
    note: (kind, work) => noteDeed(sql, actor, kind, work),
    clearLoginFailures: (network) => clearLoginFailures(failures, actor, network),
  };
}

/** What of the directory is more for those who change it. */
type Changing =
  | 'dkimKeys'
  | 'webhooks'
  | 'addresses'
  | 'aliases'
  | 'appPasswords'
  | 'quotas'
  | 'shares'
  | 'routes'
  | 'submission'
  | 'tlsPublicKeys';

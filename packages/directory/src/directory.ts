import type { MechanismPolicy } from '@postel/sasl';
import type { AccountId, MailboxId, Sql } from '@postel/storage';
import type { Actor } from './actor.ts';
import type { Address } from './address.ts';
import type { Addresses, ReadableAddresses } from './addresses.ts';
import type { Within } from './administered.ts';
import type { AccountAlias } from './alias-members.ts';
import type { Aliases, AliasSummary, ReadableAliases } from './aliases.ts';
import type { AppPasswords, ReadableAppPasswords } from './app-passwords.ts';
import type { LoginCounts, LoginEntry } from './attempt-rows.ts';
import type { DeclaredState, StateDifference } from './declared-state.ts';
import type { Deed } from './deeds.ts';
import type { ChangeFilter, DirectoryChange } from './directory-changes.ts';
import type { DirectoryPages } from './directory-pages.ts';
import type { DirectorySecrets, DirectoryState } from './directory-state.ts';
import type { DkimKeys, ReadableDkimKeys } from './dkim-keys.ts';
import type { MtaStsMode } from './domain-state.ts';
import type { DomainChange, DomainSummary } from './domains.ts';
import type { ExpandedAlias, Poster } from './expand-alias.ts';
import type { AuthenticatedAccount, ClientKey, LoginAttempt, LoginContext } from './login.ts';
import type { LimitedNetwork } from './login-limits.ts';
import type { LoginClient } from './mechanism-policy.ts';
import type { Quotas, ReadableQuotas } from './quotas.ts';
import type { ReadableRoutes, Routes } from './routes/routes.ts';
import type { ReadableShares, Shares } from './shares.ts';
import type { Submission, UsableSubmission } from './submission.ts';
import type { ReadableTlsPublicKeys, TlsPublicKeys } from './tls-public-keys.ts';
import type { SessionEnd } from './watched-sessions.ts';
import type { WebAccess } from './web/web-access.ts';
import type { ReadableWebhooks, Webhooks } from './webhooks.ts';

export interface NewAccount {
  /** 1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit. */
  readonly name: string;
  /** Its domain becomes a local one. */
  readonly address: string;
  /** Null: none, until one is set. */
  readonly password: string | null;
}

/** What an account may do beside its own mail: an `owner` administers the server, a `domain-admin` the domains that are named. */
export type Role = 'account' | 'domain-admin' | 'owner';

export interface IdentifiedAccount {
  readonly accountId: AccountId;
  readonly name: string;
}

export interface FoundAccount extends IdentifiedAccount {
  readonly isDisabled: boolean;
}

export interface AccountSummary {
  readonly name: string;
  /** In canonical form, sorted. */
  readonly addresses: readonly string[];
  readonly usedOctets: number;
  readonly usedMessages: number;
  readonly createdAt: Date;
  readonly isDisabled: boolean;
  readonly role: Role;
  /** Domains, by name: of a `domain-admin`. */
  readonly administers: readonly string[];
}

/** An account read by its name. */
export interface AccountInDetail extends AccountSummary {
  /** The web asks for one-time codes. */
  readonly hasSecondFactor: boolean;
}

/** How long, and how much of it, the content of removed messages is kept so that they can be brought back. */
export interface Retention {
  /** 0: not at all. */
  readonly days: number;
  readonly isDefaultDays: boolean;
  /** Beyond it the oldest go first; null where there is no limit. */
  readonly limitOctets: number | null;
  readonly isDefaultLimit: boolean;
  /** What is kept now. */
  readonly retainedOctets: number;
}

/** What is left out stays as it is; null: the default, 7 days, and as much as the quota, but 1 GB at least. */
export interface RetentionChange {
  readonly days?: number | null;
  readonly limitOctets?: number | null;
}

export interface LoginFilter {
  /** Null: of everybody, and of nobody. */
  readonly accountName: string | null;
  readonly onlyFailed: boolean;
  readonly since: Date;
  readonly limit: number;
}

export interface LoginLimitFigures {
  /** Networks from which too many logins have failed, at this moment. */
  countBlocked(): number;
  /** Logins refused because they came from one. */
  readonly refusals: number;
}

/** An account that mail goes to, and what it could take at the moment of asking. Null where there is no limit. */
export interface RecipientAccount {
  readonly type: 'account';
  readonly accountId: AccountId;
  readonly accountName: string;
  /** Nobody can log in, or its domain is disabled; until somebody enables it again, or removes it. */
  readonly isDisabled: boolean;
  readonly quotaOctets: number | null;
  /** Of the quota; below 0 if it was lowered. */
  readonly freeOctets: number | null;
  readonly freeMessages: number | null;
  /** Where the mail goes; null: to INBOX. */
  readonly mailbox: MailboxId | null;
}

/** An address that stands for others; see Directory.expandAlias. */
export interface AliasTarget extends Omit<AliasSummary, 'members' | 'elsewhere'> {
  readonly type: 'alias';
  readonly aliasId: number;
  /** Its domain is disabled. */
  readonly isDisabled: boolean;
}

/** Where mail for an address goes: `not-local` is for the relay, `unknown-address` is for nobody. */
export type RecipientResolution =
  | RecipientAccount
  | AliasTarget
  | { readonly type: 'unknown-address' }
  | { readonly type: 'not-local' };

/**
 * Domains, accounts, addresses, credentials and logins.
 *
 * Every method throws `DirectoryError`. Whoever changes something says who they are: see `as`.
 */
export interface Directory {
  /** The same directory, for somebody to change: what they change is written down as theirs. Costs nothing to speak of. */
  as(actor: Actor): ManagedDirectory;

  /**
   * The same for an administrator of domains: for one change (`together` makes one of several). Before it, under the lock that it takes,
   * what it is about is looked at.
   *
   * @throws of the change: as if what is not theirs were not there
   */
  within(actor: Actor, within: Within): ManagedDirectory;

  /** That all of it is an administrator's. @throws as if what is not were not there */
  requireAdministered(within: Within): Promise<void>;

  /** The one form of the name of a local domain, in A-labels. @throws 'no-such-domain' */
  domainName(name: string): Promise<string>;
  /** Of the policy that a local domain publishes (RFC 8461). @throws 'no-such-domain' */
  mtaStsMode(name: string): Promise<MtaStsMode>;

  /** All local domains, by name. */
  listDomains(): Promise<readonly DomainSummary[]>;

  readonly dkimKeys: ReadableDkimKeys;
  /** Where events of sending are brought to. */
  readonly webhooks: ReadableWebhooks;

  readonly addresses: ReadableAddresses;

  readonly aliases: ReadableAliases;

  /**
   * Whom people mean who name an account, as in a login: by its name, or by one of its addresses. Null if there is none; a
   * disabled one is still there.
   */
  identify(name: string): Promise<FoundAccount | null>;

  /** @throws 'no-such-account' */
  readAccount(name: string): Promise<AccountInDetail>;

  /** Long lists, part by part. */
  readonly pages: DirectoryPages;

  /** All accounts, by name. */
  listAccounts(): Promise<readonly AccountSummary[]>;

  /**
   * Whether whoever logged in so administers the server at this moment. What is given to one program or device does not: neither an
   * app password of an owner, nor a login as ANONYMOUS.
   *
   * @throws 'unavailable'
   */
  mayAdminister(account: AuthenticatedAccount): Promise<boolean>;

  readonly appPasswords: ReadableAppPasswords;

  readonly quotas: ReadableQuotas;

  readonly shares: ReadableShares;

  readonly routes: ReadableRoutes;

  readonly submission: UsableSubmission;

  /** @throws 'no-such-account' */
  readRetention(accountName: string): Promise<Retention>;

  /** What SASL mechanisms, and IMAP's LOGIN, check a login against. @param mechanism as registered, or how else it is made */
  beginLogin(context: LoginContext, mechanism: string): LoginAttempt;

  /** Tells the history of a client that has shown a TLS public key which is nobody's. */
  recordUnknownKey(context: LoginContext): void;

  /**
   * Who tried to log in, the newest first; of an account, and what was tried with its names.
   *
   * @throws 'no-such-account'
   */
  listLogins(filter: LoginFilter): Promise<readonly LoginEntry[]>;

  /** All that is in it, but for secrets, at one moment. */
  readState(): Promise<DirectoryState>;

  /** What passwords are checked against: for moving to another installation, and to be kept from everybody. */
  readSecrets(): Promise<DirectorySecrets>;

  /**
   * What is not as it is declared.
   *
   * @throws for names that are none, and for what is declared twice
   */
  compare(declared: DeclaredState): Promise<readonly StateDifference[]>;

  /** How many logins there were, by hour. */
  countLogins(since: Date): Promise<LoginCounts>;

  /** Who changed what, the newest first; for `CHANGES_KEPT_DAYS`. */
  listChanges(filter: ChangeFilter): Promise<readonly DirectoryChange[]>;

  /** From where logins are refused, because too many have failed; by every process, and the longest first. */
  listLimitedNetworks(): Promise<readonly LimitedNetwork[]>;

  /** For metrics: what this process knows of it. */
  readonly loginLimits: LoginLimitFigures;

  /**
   * Which SASL mechanisms may be offered to a client, by what is configured and by the credentials that there are: CRAM-MD5 and
   * DIGEST-MD5 while somebody has an app password for them that is good there, which is known from `start` on.
   */
  mechanismsFor(client: LoginClient): MechanismPolicy;

  readonly tlsPublicKeys: ReadableTlsPublicKeys;

  readonly web: WebAccess;

  /**
   * Ends a session when its account is disabled or removed, or when what it logged in with is changed, removed or expired,
   * wherever that is done: within 5 s, while the database answers.
   *
   * @param end is called once, unless the session is disposed of first, as it is to be when it is over
   */
  watchSession(account: AuthenticatedAccount, end: (reason: SessionEnd) => void): Disposable;

  /**
   * Looks for changes of the directory now, and from now on each second: for whoever offers mechanisms or watches sessions.
   * A database that is away is no error, and is looked at again.
   */
  start(): Promise<void>;

  /**
   * The account that a TLS public key identifies; null for a key that is nobody's, or a disabled account's.
   *
   * @param fingerprint SHA-256 of the SubjectPublicKeyInfo, in base64url
   * @throws 'unavailable'
   */
  findClientKey(fingerprint: string): Promise<ClientKey | null>;

  /**
   * Where mail for an address goes: to the account or the alias that has it; else, for `user+detail@domain`, to that of
   * `user@domain` (RFC 5233 §1); else to the domain's catchall; else, for `postmaster`, to the oldest account that has an address
   * in the domain, or the oldest of all, so that every domain has one (RFC 5321 §4.5.1), and for `abuse` to where mail for
   * `postmaster` goes (RFC 2142 §4).
   */
  resolveRecipient(address: Address): Promise<RecipientResolution>;

  /**
   * Where mail for `<postmaster>` goes, which names no domain (RFC 5321 §4.1.1.3): where that for the host's own postmaster
   * does, if the host's name is a local domain; else to the oldest account. Only without any account there is none.
   */
  resolvePostmaster(hostname: string): Promise<RecipientResolution>;

  /** Whom an alias stands for at this moment, and whether who sends may post to it. */
  expandAlias(alias: AliasTarget, poster: Poster): Promise<ExpandedAlias>;

  /** The aliases that an account is a member of by one of its addresses. */
  aliasesOf(accountId: AccountId): Promise<readonly AccountAlias[]>;

  /** Addresses of those whom an alias stands for; null if it is none, does not show them, or the account is not one of them. */
  visibleMembers(accountId: AccountId, address: Address): Promise<readonly string[] | null>;

  /**
   * Whether the account may send as an address: it may if mail to that address would come to it, so that catchall and
   * `+detail` addresses can be answered from; through an alias only if its members may.
   */
  mayUseAddress(accountId: AccountId, address: Address): Promise<boolean>;

  /** Writes down what waits to be, and ends what runs by itself; never throws. To be called before the database is closed. */
  close(): Promise<void>;
}

/**
 * The directory as somebody changes it. Every change is written down in its transaction, with who made it, and what was before and is
 * after; and raises `installation.directory_version`, if processes remember what it changes.
 */
export interface ManagedDirectory extends Directory {
  /**
   * Makes the directory as it is declared: all of it, or nothing.
   *
   * @param check is told what is about to be changed, which may be other than what `compare` found before; what it throws ends all,
   *   and nothing is changed
   * @returns what was changed
   * @throws of whatever cannot be as it is declared
   */
  apply(
    declared: DeclaredState,
    check?: (differences: readonly StateDifference[]) => void,
  ): Promise<readonly StateDifference[]>;

  /** Makes a domain local, with DKIM keys if it has none. No error if it is already. */
  addDomain(name: string): Promise<void>;

  /**
   * Names the account that gets mail for addresses of the domain that do not exist; null: such mail is refused.
   *
   * @throws 'no-such-domain', 'no-such-account'
   */
  setCatchall(domain: string, accountName: string | null): Promise<void>;

  /**
   * Changes how local parts of a domain are read, or disables it: mail for it waits with its senders, and nobody sends from it.
   *
   * @throws 'no-such-domain'; 'invalid-name' for separators that are none; 'address-exists' if addresses would become the same
   */
  changeDomain(domain: string, change: DomainChange): Promise<void>;

  /** @throws 'no-such-domain', 'domain-in-use' while it has addresses, aliases or a catchall */
  removeDomain(domain: string): Promise<void>;

  readonly dkimKeys: DkimKeys;
  readonly webhooks: Webhooks;

  readonly addresses: Addresses;

  readonly aliases: Aliases;

  /**
   * Adds an account with its first address, and the address's domain if that is new: without DKIM keys (see `dkimKeys.ensure`).
   *
   * @throws 'account-exists', 'address-exists', 'invalid-name', 'invalid-address', 'weak-password'
   */
  addAccount(account: NewAccount): Promise<void>;

  /**
   * Gives an account one more address, in a domain that is local already.
   *
   * @param mailbox where its mail goes, made if it is missing; null or left out: INBOX
   * @throws 'no-such-account', 'no-such-domain', 'address-exists', 'invalid-address', 'too-many-mailboxes'
   */
  addAddress(accountName: string, address: string, mailbox?: string | null): Promise<void>;

  /**
   * Removes an account with its addresses and all its mail. Logins and deliveries end first. If it is cut short, the
   * account is left without address and login, and removing it again finishes the work.
   *
   * @throws 'no-such-account'
   */
  removeAccount(name: string): Promise<void>;

  /**
   * Nobody logs in to a disabled account, and its sessions end; mail for it waits with its senders.
   *
   * @throws 'no-such-account'
   */
  setDisabled(accountName: string, isDisabled: boolean): Promise<void>;

  /**
   * In force for whatever is asked for after it, also in sessions that there are.
   *
   * @param domains that a `domain-admin` administers: one at least
   * @throws 'no-such-account', 'no-such-domain', 'invalid-domain'; 'invalid-name' for a role without the domains it needs, or with
   */
  setRole(accountName: string, role: Role, domains?: readonly string[]): Promise<void>;

  /**
   * Several changes as one: all of them, or none, and no other change of the directory in between. What is read with the directory that
   * `work` gets is what they will find. Nothing slow belongs in it: no password is derived, and no mail removed.
   */
  together<Result>(work: (directory: ManagedDirectory) => Promise<Result>): Promise<Result>;

  /**
   * Turns the one-time codes of an account off, for somebody who has lost them: the password is enough for the web.
   *
   * @throws 'no-such-account'
   */
  removeSecondFactor(accountName: string): Promise<void>;

  /**
   * Replaces the account's password; when it is done the old one is refused everywhere.
   *
   * @param password null: there is none from now on, and only app passwords and keys log in
   * @throws 'no-such-account', 'weak-password'
   */
  setPassword(accountName: string, password: string | null): Promise<void>;

  /**
   * Replaces the password by which the server is administered from the web, and takes away what was added to it: sessions, one-time
   * codes, passkeys, tokens. So whoever has the machine gets in again.
   *
   * @param password null: there is none from now on
   * @throws 'weak-password'
   */
  setAdminPassword(password: string | null): Promise<void>;

  readonly appPasswords: AppPasswords;

  readonly quotas: Quotas;

  readonly shares: Shares;

  readonly routes: Routes;

  readonly submission: Submission;

  readonly tlsPublicKeys: TlsPublicKeys;

  /**
   * What has become too old or too much by it goes when the housekeeping comes next.
   *
   * @throws 'no-such-account'
   */
  changeRetention(accountName: string, change: RetentionChange): Promise<void>;

  /**
   * Does something that is no change of the directory, to the queue for instance, and writes down who did it, in one transaction.
   *
   * @param work does it with a database that is the transaction, and says what was done
   */
  note<Result>(kind: 'queue', work: (sql: Sql) => Promise<Deed<Result>>): Promise<Result>;

  /**
   * Lets whoever is in a network try again: forgets the failures of all networks that hold it or are part of it. Every process
   * learns of it with the first login after a second.
   *
   * @param network as CIDR, or an address; null: of all networks
   * @returns the networks whose failures were forgotten, as CIDR
   * @throws 'invalid-network'
   */
  clearLoginFailures(network: string | null): Promise<readonly string[]>;
}

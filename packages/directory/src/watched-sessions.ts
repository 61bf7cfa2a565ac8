import { type AccountId, numberArray, type Sql, textArray } from '@postel/storage';
import type { AuthenticatedAccount } from './login.ts';
import { readDirectory } from './transaction.ts';

/** Why a session has to end: the account was disabled or removed; its credential was changed or removed, or has expired. */
export type SessionEnd = 'account' | 'credential';

/** Sessions that one question to the database is about. */
interface Group {
  readonly key: string;
  readonly accountId: AccountId;
  readonly credentialId: number | null;
  /** SHA-256 of a TLS public key, in hexadecimal digits. */
  readonly fingerprint: string | null;
  readonly sessions: Set<Session>;
  /** Asked about since the first of them logged in. */
  isChecked: boolean;
}

interface Session {
  readonly group: Group;
  readonly expiresAt: number;
  readonly end: (reason: SessionEnd) => void;
}

interface EndedGroup {
  readonly position: number;
  readonly isAccountGone: boolean;
}

/** The sessions of this process, to be ended when they have lost what they logged in with. */
export class WatchedSessions {
  readonly #sql: Sql;
  readonly #groups = new Map<string, Group>();
  readonly #expiring = new Set<Session>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @param end is called once, unless the session is disposed of first */
  watch(account: AuthenticatedAccount, end: (reason: SessionEnd) => void): Disposable {
    const group = this.#groupOf(account);
    const session = { group, expiresAt: account.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY, end };
    group.sessions.add(session);
    if (account.expiresAt !== null) this.#expiring.add(session);
    return { [Symbol.dispose]: () => this.#forget(session) };
  }

  /** Ends what has expired. @param now epoch ms */
  endExpired(now: number): void {
    for (const session of this.#expiring) if (session.expiresAt <= now) this.#end(session, 'credential');
  }

  /**
   * Ends the sessions whose account or credential is gone, by one query.
   *
   * @param which `new`: of those alone that were never asked about. What they logged in with was read before they were
   * watched, and may have gone between
   * @throws {DirectoryError} 'unavailable'
   */
  async endLost(which: 'all' | 'new'): Promise<void> {
    const groups = [...this.#groups.values()].filter(({ isChecked }) => which === 'all' || !isChecked);
    if (groups.length === 0) return;
    const ended = await readDirectory(() => this.#selectEnded(groups));
    for (const group of groups) group.isChecked = true;
    for (const { position, isAccountGone } of ended) {
      for (const session of groups[position - 1]?.sessions ?? []) {
        this.#end(session, isAccountGone ? 'account' : 'credential');
      }
    }
  }

  #groupOf({ accountId, credential }: AuthenticatedAccount): Group {
    const credentialId = 'credentialId' in credential ? credential.credentialId : null;
    const fingerprint =
      credential.type === 'tls-public-key' ? Buffer.from(credential.fingerprint, 'base64url').toString('hex') : null;
    const key = `${accountId} ${credentialId ?? '-'} ${fingerprint ?? '-'}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group: Group = { key, accountId, credentialId, fingerprint, sessions: new Set(), isChecked: false };
    this.#groups.set(key, group);
    return group;
  }

  #end(session: Session, reason: SessionEnd): void {
    this.#forget(session);
    session.end(reason);
  }

  #forget(session: Session): void {
    const { group } = session;
    group.sessions.delete(session);
    this.#expiring.delete(session);
    if (group.sessions.size === 0 && this.#groups.get(group.key) === group) this.#groups.delete(group.key);
  }

  #selectEnded(groups: readonly Group[]): Promise<readonly EndedGroup[]> {
    const accounts = numberArray(groups.map(({ accountId }) => accountId));
    const credentials = textArray(groups.map(({ credentialId }) => credentialId?.toString() ?? null));
    const fingerprints = textArray(groups.map(({ fingerprint }) => fingerprint));
    return this.#sql.read<EndedGroup[]>`
      select position, account.account_id is null as "isAccountGone"
        from unnest(${accounts}::text::bigint[], ${credentials}::text::bigint[], ${fingerprints}::text::text[])
             with ordinality as watched (account_id, credential_id, fingerprint, position)
        left join accounts as account on account.account_id = watched.account_id and not is_disabled
       where account.account_id is null
          or (watched.credential_id is not null
              and not exists (select from credentials
                               where account_id = watched.account_id and credential_id = watched.credential_id))
          or (watched.fingerprint is not null
              and not exists (select from tls_public_keys as key
                               where key.fingerprint = decode(watched.fingerprint, 'hex')
                                 and key.account_id = watched.account_id))`;
  }
}

import { type AccountId, numberArray, type Sql, textArray } from '@postel/storage';
import type { AuthenticatedAccount } from './login.ts';

/** A program that connects every few seconds is written down once in this time: nobody asks more exactly. */
const AGAIN_MS = 60_000;
const FLUSH_MS = 1_000;
/** Credentials that were used within `AGAIN_MS`. Above it some are written down sooner again. */
const MAX_REMEMBERED = 20_000;

export interface CredentialUsesOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** What could not be written is lost; the next login comes. */
  readonly onError: (error: unknown) => void;
}

interface Use {
  readonly accountId: AccountId;
  /** What tells the credential from others of its kind: its id; of a key, its fingerprint in hexadecimal digits. */
  readonly name: string;
  readonly at: Date;
  readonly from: string;
}

/**
 * Writes down when and from where each password and key was used last, behind the back of logins and in batches: once a
 * minute each, by every process.
 */
export class CredentialUses {
  readonly #sql: Sql;
  readonly #options: CredentialUsesOptions;
  readonly #passwords = new Map<string, Use>();
  readonly #keys = new Map<string, Use>();
  /** When each was noted; the order of the map is that of time. */
  readonly #noted = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(sql: Sql, options: CredentialUsesOptions) {
    this.#sql = sql;
    this.#options = options;
  }

  /** @param from an IP address, as `clientAddress` gives it */
  note({ accountId, credential }: AuthenticatedAccount, from: string): void {
    switch (credential.type) {
      case 'password':
      case 'app-password':
        this.#note(this.#passwords, { accountId, name: String(credential.credentialId), from });
        return;
      case 'tls-public-key': {
        const name = Buffer.from(credential.fingerprint, 'base64url').toString('hex');
        this.#note(this.#keys, { accountId, name, from });
        return;
      }
      case 'token':
      case 'anonymous':
        return; // of which there is nothing here
      default:
        credential satisfies never;
    }
  }

  /** Writes what waits. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #note(uses: Map<string, Use>, use: Omit<Use, 'at'>): void {
    const now = this.#options.now();
    const key = `${use.accountId} ${use.name}`;
    const notedAt = this.#noted.get(key);
    if (notedAt !== undefined && now - notedAt < AGAIN_MS) return;
    this.#noted.delete(key);
    this.#noted.set(key, now);
    if (this.#noted.size > MAX_REMEMBERED) {
      const [oldest] = this.#noted.keys();
      if (oldest !== undefined) this.#noted.delete(oldest);
    }
    uses.set(key, { ...use, at: new Date(now) });
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  async #write(): Promise<void> {
    try {
      if (this.#passwords.size > 0) await this.#writePasswords(takeAll(this.#passwords));
      if (this.#keys.size > 0) await this.#writeKeys(takeAll(this.#keys));
    } catch (error) {
      this.#options.onError(error);
    }
  }

  async #writePasswords({ accounts, names, times, addresses }: Uses): Promise<void> {
    await this.#sql`
      update credentials set last_used_at = used.at, last_used_from = used.address
        from unnest(${accounts}::text::bigint[], ${names}::text::bigint[], ${times}::text::timestamptz[],
                    ${addresses}::text::inet[]) as used (account_id, credential_id, at, address)
       where credentials.account_id = used.account_id and credentials.credential_id = used.credential_id
         and used.at > coalesce(last_used_at, '-infinity')`;
  }

  async #writeKeys({ accounts, names, times, addresses }: Uses): Promise<void> {
    await this.#sql`
      update tls_public_keys as key set last_used_at = used.at, last_used_from = used.address
        from unnest(${accounts}::text::bigint[], ${names}::text::text[], ${times}::text::timestamptz[],
                    ${addresses}::text::inet[]) as used (account_id, fingerprint, at, address)
       where key.account_id = used.account_id and key.fingerprint = decode(used.fingerprint, 'hex')
         and used.at > coalesce(last_used_at, '-infinity')`;
  }
}

/** Uses as Postgres takes them: the same position in each array is the same use. */
interface Uses {
  readonly accounts: string;
  readonly names: string;
  readonly times: string;
  readonly addresses: string;
}

/** In the same order in every process: two that write the same rows may wait for one another, but never both. */
function takeAll(waiting: Map<string, Use>): Uses {
  const uses = [...waiting].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use);
  waiting.clear();
  return {
    accounts: numberArray(uses.map(({ accountId }) => accountId)),
    names: textArray(uses.map(({ name }) => name)),
    times: textArray(uses.map(({ at }) => at.toISOString())),
    addresses: textArray(uses.map(({ from }) => from || null)),
  };
}

import type { Sql } from '@postel/storage';
import { NetworkList } from './address-prefix.ts';
import { DirectoryError } from './errors.ts';
import type { LoginClient } from './mechanism-policy.ts';
import { readDirectory } from './transaction.ts';
import type { WatchedSessions } from './watched-sessions.ts';

/** What is revoked is over within 5 s, everywhere: this, and what a database under load takes to answer. */
const POLL_MS = 1_000;

export interface DirectoryWatchOptions {
  /** Is to exist; null: none is configured. */
  readonly anonymousAccount: string | null;
  /** Told of what an operator should know, once. */
  readonly onWarning: (message: string, error?: unknown) => void;
}

interface Facts {
  readonly sharedSecrets: readonly SharedSecretUse[];
  readonly hasAnonymousAccount: boolean;
}

/** What app passwords that are kept as CRAM-MD5 and DIGEST-MD5 need them are for; alike ones are one. */
interface SharedSecretUse {
  readonly mayUseImap: boolean;
  readonly mayUseSmtp: boolean;
  /** Null: everywhere. */
  readonly networks: NetworkList | null;
}

interface SharedSecretRow extends Omit<SharedSecretUse, 'networks'> {
  /** With spaces between them. */
  readonly networks: string | null;
}

/**
 * Looks each second whether the directory has changed, by one question of a few microseconds, whatever process or host
 * changed it; and when it has, at all sessions and at what else hangs on it. A database that is away is asked again.
 */
export class DirectoryWatch {
  readonly #sql: Sql;
  readonly #sessions: WatchedSessions;
  readonly #options: DirectoryWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Everything was looked at when it was this one, or later. */
  #version: number | null = null;
  #facts: Facts = { sharedSecrets: [], hasAnonymousAccount: true };
  #poll: Promise<void> | null = null;
  #isFailing = false;

  constructor(sql: Sql, sessions: WatchedSessions, options: DirectoryWatchOptions) {
    this.#sql = sql;
    this.#sessions = sessions;
    this.#options = options;
  }

  /** Some app password is kept as CRAM-MD5 and DIGEST-MD5 need it, and is for that service and from there. */
  takesSharedSecrets({ service, clientAddress }: LoginClient): boolean {
    return this.#facts.sharedSecrets.some(
      ({ mayUseImap, mayUseSmtp, networks }) =>
        (service === 'imap' ? mayUseImap : mayUseSmtp) && (networks === null || networks.includes(clientAddress)),
    );
  }

  /** Looks for the first time, and from then on each second. Once is enough. */
  async start(): Promise<void> {
    this.#timer ??= setInterval(() => this.#tick(), POLL_MS).unref();
    await this.#tick();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#poll;
  }

  #tick(): Promise<void> {
    this.#sessions.endExpired(Date.now()); // also while the database is away
    this.#poll ??= this.#look().finally(() => {
      this.#poll = null;
    });
    return this.#poll;
  }

  async #look(): Promise<void> {
    try {
      const version = await this.#readVersion();
      if (version === this.#version) {
        await this.#sessions.endLost('new');
      } else {
        await this.#sessions.endLost('all');
        this.#learn(await this.#readFacts());
        this.#version = version; // now: what failed is looked at again
      }
      this.#isFailing = false;
    } catch (error) {
      const isAway = error instanceof DirectoryError; // which the pool reports
      if (!isAway && !this.#isFailing) this.#options.onWarning('cannot look for changes of the directory', error);
      this.#isFailing = true;
    }
  }

  #learn(facts: Facts): void {
    const { anonymousAccount, onWarning } = this.#options;
    if (this.#facts.hasAnonymousAccount && !facts.hasAnonymousAccount) {
      onWarning(`nobody can log in by ANONYMOUS: there is no account ${anonymousAccount}, or it is disabled`);
    }
    this.#facts = facts;
  }

  async #readVersion(): Promise<number> {
    const [row] = await readDirectory(
      () => this.#sql.read<{ version: number }[]>`select directory_version as version from installation`,
    );
    if (row === undefined) throw new Error('The installation row is missing: the database was not migrated');
    return row.version;
  }

  async #readFacts(): Promise<Facts> {
    const { anonymousAccount } = this.#options;
    const secrets = await readDirectory(
      () => this.#sql.read<SharedSecretRow[]>`
        select distinct may_use_imap as "mayUseImap", may_use_smtp as "mayUseSmtp", array_to_string(networks, ' ') as networks
          from credentials where shared_secret is not null`,
    );
    const sharedSecrets = secrets.map(({ networks, ...uses }) => ({
      ...uses,
      networks: networks === null ? null : new NetworkList(networks.split(' ')),
    }));
    const [facts] = await readDirectory(
      () => this.#sql.read<Omit<Facts, 'sharedSecrets'>[]>`
        select ${anonymousAccount}::text is null
               or exists (select from accounts where name = ${anonymousAccount} and not is_disabled) as "hasAnonymousAccount"`,
    );
    return facts === undefined ? this.#facts : { ...facts, sharedSecrets };
  }
}

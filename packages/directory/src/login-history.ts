import { hash } from 'node:crypto';
import type { AccountId, Sql } from '@postel/storage';
import { prefixesOf } from './address-prefix.ts';
import { type AttemptRow, writeAttempts } from './attempt-rows.ts';
import type { AuthenticatedAccount, LoginContext, LoginOutcome } from './login.ts';
import { parseLoginName } from './login-name.ts';

const HOUR_MS = 3_600_000;
const FLUSH_MS = 500;
const FLUSH_AGAIN_MS = 5_000;
/** A program says its name (IMAP's ID) after it has logged in. */
const PROGRAM_MS = 2_000;
const NAME_CHARACTERS = 255;
const PROGRAM_CHARACTERS = 255;

/** What keeps a flood from filling the disk: rows that a process makes in an hour. */
interface HourlyRows {
  /** Of failures from one /21 or IPv6 /32; what is more is one row of that network. */
  readonly ofRegion: number;
  /** Of failures at all; what is more is one row a service and outcome. */
  readonly ofFailures: number;
  /** Of one account's successes; what is more is one row a service. */
  readonly ofAccount: number;
}
const HOURLY_ROWS: HourlyRows = { ofRegion: 100, ofFailures: 1_000, ofAccount: 100 };
/** Attempts that wait for their program or to be written. While the database is away, what is more is lost. */
const MAX_WAITING = 20_000;

/** `channel-binding`: somebody may be in between (RFC 5802 §6). `limited`: too many have failed from there. `unknown-key`: no login; a TLS public key was shown that is nobody's. */
export type RecordedOutcome =
  | 'success'
  | 'wrong-credentials'
  | 'not-authorized'
  | 'channel-binding'
  | 'malformed'
  | 'cancelled'
  | 'unavailable'
  | 'limited'
  | 'unknown-key';

export const recordedOutcomes = {
  success: 'success',
  credentials: 'wrong-credentials',
  authorization: 'not-authorized',
  'channel-binding': 'channel-binding',
  malformed: 'malformed',
  cancelled: 'cancelled',
  unavailable: 'unavailable',
} as const satisfies Record<LoginOutcome, RecordedOutcome>;

/** An attempt to log in, as it is told to the history. */
export interface EndedAttempt {
  readonly context: LoginContext;
  /** Null: none was used. */
  readonly mechanism: string | null;
  /** As it was given; null if it was not. */
  readonly loginName: string | null;
  readonly account: AuthenticatedAccount | null;
  readonly outcome: RecordedOutcome;
  readonly program: string | null;
}

export interface LoginHistoryOptions {
  readonly sql: Sql;
  readonly onError: (error: unknown) => void;
  /** Epoch ms. */
  readonly now: () => number;
  readonly hourlyRows?: HourlyRows;
}

interface Waiting {
  readonly attempt: EndedAttempt;
  readonly at: number;
  program: string | null;
  dueAt: number;
}

/** Writes down who tried to log in, in batches and behind everybody's back. */
export class LoginHistory {
  readonly #options: LoginHistoryOptions;
  readonly #budget: RowBudget;
  /** In the order of time. */
  #waiting: Waiting[] = [];
  readonly #rows = new Map<string, AttemptRow>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: LoginHistoryOptions) {
    this.#options = options;
    this.#budget = new RowBudget(options.hourlyRows ?? HOURLY_ROWS);
  }

  /** @returns takes the name of the program, as long as the attempt is not written */
  add(attempt: EndedAttempt): (program: string) => void {
    const at = this.#options.now();
    const mayBeNamed = attempt.outcome === 'success' && attempt.program === null;
    const waiting: Waiting = { attempt, at, program: attempt.program, dueAt: at + (mayBeNamed ? PROGRAM_MS : 0) };
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(waiting);
    this.#flushAfter(FLUSH_MS);
    return (program) => {
      waiting.program = program;
      waiting.dueAt = at;
    };
  }

  /** Writes what is due. Never rejects. @param options.all also what waits for the name of its program */
  flush({ all }: { readonly all: boolean }): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushing = this.#flushing.then(() => this.#write(all)).catch(this.#options.onError);
    return this.#flushing;
  }

  #flushAfter(ms: number): void {
    this.#timer ??= setTimeout(() => void this.flush({ all: false }), ms).unref();
  }

  async #write(all: boolean): Promise<void> {
    const now = this.#options.now();
    const isDue = ({ dueAt }: Waiting) => all || dueAt <= now;
    const due = this.#waiting.filter(isDue);
    this.#waiting = this.#waiting.filter((waiting) => !isDue(waiting));
    for (const waiting of due) this.#gather(await rowOf(waiting));
    let isWritten = true;
    if (this.#rows.size > 0) {
      const rows = [...this.#rows.values()];
      this.#rows.clear();
      try {
        await writeAttempts(this.#options.sql, rows);
      } catch (error) {
        isWritten = false;
        this.#options.onError(error);
        for (const row of rows) this.#gather(row);
      }
    }
    if (this.#waiting.length > 0 || !isWritten) this.#flushAfter(isWritten ? FLUSH_MS : FLUSH_AGAIN_MS);
  }

  #gather(detailed: AttemptRow): void {
    const row = this.#budget.fit(detailed);
    const known = this.#rows.get(row.key);
    if (known === undefined) {
      if (this.#rows.size < MAX_WAITING) this.#rows.set(row.key, row);
      return;
    }
    const lastAt = Math.max(known.lastAt, row.lastAt);
    this.#rows.set(row.key, { ...known, count: known.count + row.count, lastAt });
  }
}

async function rowOf({ attempt, at, program }: Waiting): Promise<AttemptRow> {
  const { context, mechanism, loginName, account, outcome } = attempt;
  const login = account === null && loginName !== null ? await parseLoginName(loginName) : null;
  return withKey({
    firstAt: at,
    lastAt: at,
    count: 1,
    accountId: account?.accountId ?? null,
    accountName: login?.type === 'name' ? login.name : null,
    localPart: login?.type === 'address' ? login.address.localPart : null,
    writtenPart: login?.type === 'address' ? login.address.writtenPart : null,
    domain: login?.type === 'address' ? login.address.domain : null,
    loginName: loginName === null ? null : cleaned(loginName, NAME_CHARACTERS),
    clientAddress: context.clientAddress || null,
    network: outcome === 'success' ? prefixesOf(context.clientAddress).host : null,
    service: context.service,
    mechanism,
    tlsVersion: context.tlsVersion,
    ...credentialOf(account),
    keyFingerprint: context.clientKey?.fingerprint ?? context.unknownKey,
    program: program === null ? null : cleaned(program, PROGRAM_CHARACTERS),
    outcome,
  });
}

function credentialOf(account: AuthenticatedAccount | null): Pick<AttemptRow, 'credentialKind' | 'credentialName'> {
  const credential = account?.credential ?? null;
  switch (credential?.type) {
    case undefined:
      return { credentialKind: null, credentialName: null };
    case 'app-password':
    case 'tls-public-key':
      return { credentialKind: credential.type, credentialName: credential.name };
    case 'token':
      return { credentialKind: credential.type, credentialName: cleaned(credential.issuer, NAME_CHARACTERS) };
    case 'password':
    case 'anonymous':
      return { credentialKind: credential.type, credentialName: null };
    default:
      return credential satisfies never;
  }
}

/** What attempts have in common, and the hour, make the key; how many they were and when does not. */
function withKey(row: Omit<AttemptRow, 'key'>): AttemptRow {
  const { firstAt, lastAt: _, count: __, ...alike } = row;
  const text = JSON.stringify([Math.floor(firstAt / HOUR_MS), Object.entries(alike)]);
  return { ...row, key: hash('sha256', text).slice(0, 32) };
}

/** Printable, and UTF-8 that a database takes. */
function cleaned(text: string, characters: number): string {
  return [...text.slice(0, 2 * characters).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')].slice(0, characters).join('');
}

/** Counts the rows of an hour, and makes many into one where there are too many. */
class RowBudget {
  readonly #most: HourlyRows;
  #hour = 0;
  readonly #keys = new Set<string>();
  readonly #ofRegion = new Map<string, number>();
  readonly #ofAccount = new Map<AccountId, number>();
  #failures = 0;

  constructor(most: HourlyRows) {
    this.#most = most;
  }

  fit(row: AttemptRow): AttemptRow {
    this.#enter(Math.floor(row.firstAt / HOUR_MS));
    if (this.#keys.has(row.key)) return row;
    const fitting = row.outcome === 'success' ? this.#fitSuccess(row) : this.#fitFailure(row);
    if (fitting === row) this.#keys.add(row.key);
    return fitting;
  }

  #enter(hour: number): void {
    if (hour <= this.#hour) return;
    this.#hour = hour;
    this.#keys.clear();
    this.#ofRegion.clear();
    this.#ofAccount.clear();
    this.#failures = 0;
  }

  #fitSuccess(row: AttemptRow): AttemptRow {
    const { accountId } = row;
    if (accountId === null) return row;
    const rows = (this.#ofAccount.get(accountId) ?? 0) + 1;
    this.#ofAccount.set(accountId, rows);
    return rows <= this.#most.ofAccount ? row : folded(row, { accountId });
  }

  #fitFailure(row: AttemptRow): AttemptRow {
    if (this.#failures >= this.#most.ofFailures) return folded(row, {});
    const { region } = prefixesOf(row.clientAddress ?? '');
    const rows = (this.#ofRegion.get(region) ?? 0) + 1;
    this.#ofRegion.set(region, rows);
    if (rows > this.#most.ofRegion) return folded(row, { clientAddress: region });
    this.#failures++;
    return row;
  }
}

/** All that is left of a row is its service, its outcome, and what is said. */
function folded(
  { firstAt, lastAt, count, service, outcome }: AttemptRow,
  kept: Partial<Pick<AttemptRow, 'accountId' | 'clientAddress'>>,
): AttemptRow {
  return withKey({
    firstAt,
    lastAt,
    count,
    accountId: null,
    accountName: null,
    localPart: null,
    writtenPart: null,
    domain: null,
    loginName: null,
    clientAddress: null,
    network: null,
    service,
    mechanism: null,
    tlsVersion: null,
    credentialKind: null,
    credentialName: null,
    keyFingerprint: null,
    program: null,
    outcome,
    ...kept,
  });
}

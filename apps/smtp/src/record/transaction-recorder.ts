import {
  type HourOfMail,
  type MailKind,
  type NewTransaction,
  type Sql,
  StorageError,
  type writeTransactions,
} from '@postel/storage';
import { RECORDS_AT_ONCE, RECORDS_WAITING } from '../limits.ts';
import type { SmtpMetrics } from '../smtp-metrics.ts';
import { type HourlyLimits, RowBudget } from './row-budget.ts';

const HOUR_MS = 3_600_000;
const FLUSH_MS = 500;
const FLUSH_AGAIN_MS = 5_000;

export interface TransactionRecorderOptions {
  readonly sql: Sql;
  readonly write: typeof writeTransactions;
  /** Off: messages are counted, and nothing else is recorded. */
  readonly isOn: boolean;
  readonly metrics: Pick<SmtpMetrics, 'records'>;
  readonly onError: (error: unknown) => void;
  /** The database refuses a row, which is lost. */
  readonly onRefused: (row: Pick<NewTransaction, 'transactionId' | 'recipientNo'>, error: unknown) => void;
  /** Epoch ms. */
  readonly now: () => number;
  readonly limits?: HourlyLimits;
}

interface Part {
  readonly rows: readonly NewTransaction[];
  readonly hours: readonly HourOfMail[];
}

/** Writes down what became of mail, in batches and behind everybody's back. What cannot be written in time is lost, and counted. */
export class TransactionRecorder {
  readonly #options: TransactionRecorderOptions;
  readonly #budget: RowBudget;
  #rows: NewTransaction[] = [];
  /** By their ids. */
  readonly #folded = new Map<string, NewTransaction>();
  readonly #hours = new Map<string, HourOfMail>();
  #timer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: TransactionRecorderOptions) {
    this.#options = options;
    this.#budget = new RowBudget(options.limits);
  }

  /** @param kind what they count as together, null: nothing */
  add(rows: readonly NewTransaction[], kind: MailKind | null): void {
    if (kind !== null) this.#count(kind);
    if (this.#options.isOn) for (const row of rows) this.#gather(this.#budget.fit(row));
    this.#flushAfter(this.#rows.length >= RECORDS_AT_ONCE ? 0 : FLUSH_MS);
  }

  /** Writes all there is, if the database takes it. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushing = this.#flushing.then(() => this.#write()).catch(this.#options.onError);
    return this.#flushing;
  }

  #flushAfter(ms: number): void {
    this.#timer ??= setTimeout(() => void this.flush(), ms).unref();
  }

  #count(kind: MailKind): void {
    const lastAt = this.#options.now();
    this.#addHour({ hour: Math.floor(lastAt / HOUR_MS) * HOUR_MS, kind, messages: 1, lastAt });
  }

  #addHour(more: HourOfMail): void {
    const key = `${more.hour} ${more.kind}`;
    const known = this.#hours.get(key);
    const messages = (known?.messages ?? 0) + more.messages;
    this.#hours.set(key, { ...more, messages, lastAt: Math.max(known?.lastAt ?? 0, more.lastAt) });
  }

  #gather(row: NewTransaction): void {
    const { records } = this.#options.metrics;
    if (row.folded === null) {
      if (this.#rows.length < RECORDS_WAITING) this.#rows.push(row);
      else records.inc({ outcome: 'dropped' });
      return;
    }
    records.inc({ outcome: 'folded' }, row.folded);
    this.#fold(row);
  }

  #fold(row: NewTransaction): void {
    const known = this.#folded.get(row.transactionId);
    if (known === undefined && this.#folded.size >= RECORDS_WAITING) return;
    this.#folded.set(row.transactionId, { ...row, folded: (known?.folded ?? 0) + (row.folded ?? 1) });
  }

  async #write(): Promise<void> {
    while (this.#rows.length > 0 || this.#folded.size > 0 || this.#hours.size > 0) {
      const rows = this.#rows.slice(0, RECORDS_AT_ONCE);
      this.#rows = this.#rows.slice(RECORDS_AT_ONCE);
      const folded = [...this.#folded.values()];
      const hours = [...this.#hours.values()];
      this.#folded.clear();
      this.#hours.clear();
      const unwritten = await this.#writeParts({ rows: [...rows, ...folded], hours });
      if (unwritten.length === 0) continue;
      this.#rows = [...unwritten.flatMap((part) => part.rows.filter((row) => row.folded === null)), ...this.#rows];
      for (const part of unwritten) {
        for (const row of part.rows) if (row.folded !== null) this.#fold(row);
        for (const hour of part.hours) this.#addHour(hour);
      }
      this.#flushAfter(FLUSH_AGAIN_MS);
      return;
    }
  }

  /**
   * Writes all of it; where the database refuses that, each half, and so on, until what it refuses for itself is lost alone: it would be
   * refused for ever, and keep back all that comes behind it.
   *
   * @returns what is not written because the database is away
   */
  async #writeParts(all: Part): Promise<readonly Part[]> {
    const { write, sql, metrics, onError, onRefused } = this.#options;
    const parts = [all];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { rows, hours } = part;
      try {
        await write(sql, rows, hours);
        metrics.records.inc({ outcome: 'written' }, rows.filter(({ folded }) => folded === null).length);
      } catch (error) {
        if (error instanceof StorageError) {
          onError(error);
          return [...parts, part];
        }
        const [first] = rows;
        if (first !== undefined && (rows.length > 1 || hours.length > 0)) parts.push(...halvesOf(part));
        else if (first === undefined) onError(error);
        else {
          metrics.records.inc({ outcome: 'dropped' });
          onRefused(first, error);
        }
      }
    }
    return [];
  }
}

/** Of one row and what is counted: these two. */
function halvesOf({ rows, hours }: Part): readonly Part[] {
  const half = rows.length === 1 ? 1 : Math.ceil(rows.length / 2);
  const [first, second] = [rows.slice(0, half), rows.slice(half)];
  // What is counted is not lost with a row.
  return [{ rows: second, hours }, ...(first.length > 0 ? [{ rows: first, hours: [] }] : [])];
}

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
  /** Epoch ms. */
  readonly now: () => number;
  readonly limits?: HourlyLimits;
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
      try {
        await this.#options.write(this.#options.sql, [...rows, ...folded], hours);
        this.#options.metrics.records.inc({ outcome: 'written' }, rows.length);
      } catch (error) {
        this.#options.onError(error);
        // What the database refuses for itself would be refused for ever, and keep back all that comes behind it.
        if (!(error instanceof StorageError)) {
          this.#options.metrics.records.inc({ outcome: 'dropped' }, rows.length);
          continue;
        }
        this.#rows = [...rows, ...this.#rows];
        for (const row of folded) this.#fold(row);
        for (const hour of hours) this.#addHour(hour);
        this.#flushAfter(FLUSH_AGAIN_MS);
        return;
      }
    }
  }
}

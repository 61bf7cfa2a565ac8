import type { Directory } from '@postel/directory';
import { type Database, readMailActivity } from '@postel/storage';
import { freshFor } from './fresh-for.ts';
import { ACTIVITY_DAYS, ACTIVITY_MS, OVERVIEW_MS } from './limits.ts';
import type { Activity as Shown } from './schemas/activity.ts';

const DAY_HOURS = 24;
const HOUR_MS = 3_600_000;

export type ActivityPeriod = keyof typeof ACTIVITY_DAYS;

export interface ActivityOptions {
  readonly database: Database;
  readonly directory: Pick<Directory, 'countLogins'>;
  /** Epoch ms. */
  now(): number;
}

/** How much there was to do in each hour, for charts. */
export class Activity {
  readonly #options: ActivityOptions;
  readonly #read: Readonly<Record<ActivityPeriod, () => Promise<Shown>>>;

  constructor(options: ActivityOptions) {
    this.#options = options;
    const reading = (period: ActivityPeriod, ms: number) => freshFor(ms, options.now, () => this.#ask(period));
    this.#read = {
      day: reading('day', OVERVIEW_MS),
      week: reading('week', ACTIVITY_MS),
      month: reading('month', ACTIVITY_MS),
    };
  }

  read(period: ActivityPeriod): Promise<Shown> {
    return this.#read[period]();
  }

  async #ask(period: ActivityPeriod): Promise<Shown> {
    const { database, directory, now } = this.#options;
    const hours = ACTIVITY_DAYS[period] * DAY_HOURS;
    const since = new Date(Math.floor(now() / HOUR_MS) * HOUR_MS - (hours - 1) * HOUR_MS);
    const [mail, logins] = await Promise.all([readMailActivity(database.sql, since), directory.countLogins(since)]);
    const hourly = (counts: ReadonlyMap<number, number>) =>
      Array.from({ length: hours }, (_, i) => counts.get(since.getTime() + i * HOUR_MS) ?? 0);
    return {
      since: since.toISOString(),
      received: hourly(mail.received),
      refused: hourly(mail.refused),
      sent: hourly(mail.sent),
      failed: hourly(mail.failed),
      deferred: hourly(mail.deferred),
      logins: hourly(logins.succeeded),
      failedLogins: hourly(logins.failed),
    };
  }
}

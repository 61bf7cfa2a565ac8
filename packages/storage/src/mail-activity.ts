import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';

/** When mail came and went last. */
export interface LastMail {
  readonly lastIn: Date | null;
  readonly lastOut: Date | null;
}

/** How much mail there was. By hour: its beginning in epoch ms. Hours in which there was none are not there. */
export interface MailActivity {
  /** Messages that came from other servers, by MX and LMTP. */
  readonly received: ReadonlyMap<number, number>;
  /** Messages, recipients and connections that were refused. */
  readonly refused: ReadonlyMap<number, number>;
  /** To other servers, a copy for each recipient. */
  readonly sent: ReadonlyMap<number, number>;
  /** Copies for other servers that were given up. */
  readonly failed: ReadonlyMap<number, number>;
  /** Attempts to send a copy after which it waited for another one. */
  readonly deferred: ReadonlyMap<number, number>;
}

interface Hour {
  readonly hour: Date;
  readonly kind: string;
  readonly messages: number;
}

/** @throws {StorageError} 'unavailable' */
export async function readLastMail(sql: Sql): Promise<LastMail> {
  try {
    const [newest] = await sql.read<LastMail[]>`
      select (select last_at from mail_hours where kind = 'received' order by hour desc limit 1) as "lastIn",
             (select max(finished_at) from queue_recipients where finished_at is not null and state = 'delivered') as "lastOut"`;
    return newest ?? { lastIn: null, lastOut: null };
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

/** What there was since then. @throws {StorageError} 'unavailable' */
export async function readMailActivity(sql: Sql, since: Date): Promise<MailActivity> {
  try {
    const counted = await sql.read<Hour[]>`
      select hour, kind, messages::integer as messages from mail_hours where hour >= ${since}`;
    const finished = await sql.read<Hour[]>`
      select date_trunc('hour', finished_at) as hour, state as kind, count(*)::integer as messages from queue_recipients
       where finished_at >= ${since} and state in ('delivered', 'failed') group by 1, 2`;
    const deferred = await sql.read<Hour[]>`
      select date_trunc('hour', happened_at) as hour, type as kind, count(*)::integer as messages from queue_events
       where type = 'deferred' and happened_at >= ${since} group by 1, 2`;
    return {
      received: byHour(counted, 'received'),
      refused: byHour(counted, 'refused'),
      sent: byHour(finished, 'delivered'),
      failed: byHour(finished, 'failed'),
      deferred: byHour(deferred, 'deferred'),
    };
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

const byHour = (rows: readonly Hour[], wanted: string): ReadonlyMap<number, number> =>
  new Map(rows.filter(({ kind }) => kind === wanted).map(({ hour, messages }) => [hour.getTime(), messages]));

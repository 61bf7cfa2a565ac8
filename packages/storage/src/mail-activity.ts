import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';

/** When mail came and went. By hour: its beginning in epoch ms, and how many messages. */
export interface MailActivity {
  readonly lastIn: Date | null;
  readonly lastOut: Date | null;
  /** Messages that came from other servers, by MX and LMTP. */
  readonly received: ReadonlyMap<number, number>;
  /** Messages, recipients and connections that were refused. */
  readonly refused: ReadonlyMap<number, number>;
  /** To other servers, a copy for each recipient. */
  readonly sent: ReadonlyMap<number, number>;
}

interface Hour {
  readonly hour: Date;
  readonly kind: string;
  readonly messages: number;
}

/** What there was since then. @throws {StorageError} 'unavailable' */
export async function readMailActivity(sql: Sql, since: Date): Promise<MailActivity> {
  try {
    const counted = await sql.read<Hour[]>`
      select hour, kind, messages::integer as messages from mail_hours where hour >= ${since}`;
    const [newest] = await sql.read<{ lastIn: Date | null; lastOut: Date | null }[]>`
      select (select last_at from mail_hours where kind = 'received' order by hour desc limit 1) as "lastIn",
             (select max(finished_at) from queue_recipients where finished_at is not null and state = 'delivered') as "lastOut"`;
    const sent = await sql.read<Hour[]>`
      select date_trunc('hour', finished_at) as hour, 'sent' as kind, count(*)::integer as messages from queue_recipients
       where finished_at >= ${since} and state = 'delivered' group by 1`;
    return {
      lastIn: newest?.lastIn ?? null,
      lastOut: newest?.lastOut ?? null,
      received: byHour(counted, 'received'),
      refused: byHour(counted, 'refused'),
      sent: byHour(sent, 'sent'),
    };
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

const byHour = (rows: readonly Hour[], wanted: string): ReadonlyMap<number, number> =>
  new Map(rows.filter(({ kind }) => kind === wanted).map(({ hour, messages }) => [hour.getTime(), messages]));

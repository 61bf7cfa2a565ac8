import type { Sql } from './database.ts';
import { translateDatabaseError } from './errors.ts';

/** Of each account the newest so many are looked at, for there is no index by time: who gets more is counted short. */
const NEWEST_OF_AN_ACCOUNT = 500;

/** When mail came and went. By hour: its beginning in epoch ms, and how many messages. */
export interface MailActivity {
  readonly lastIn: Date | null;
  readonly lastOut: Date | null;
  /** By SMTP and LMTP, a copy for each account. */
  readonly received: ReadonlyMap<number, number>;
  /** To other servers, a copy for each recipient. */
  readonly sent: ReadonlyMap<number, number>;
}

interface Hour {
  readonly hour: Date;
  readonly messages: number;
}

/** For a person to see whether mail flows; not for accounting. @throws {StorageError} 'unavailable' */
export async function readMailActivity(sql: Sql, since: Date): Promise<MailActivity> {
  try {
    const received = await sql.read<Hour[]>`
      select date_trunc('hour', received_at) as hour, count(*)::integer as messages
        from accounts as a
       cross join lateral (select received_at from deliveries as d where d.account_id = a.account_id
                            order by email_id desc limit ${NEWEST_OF_AN_ACCOUNT}::integer) as newest
       where received_at >= ${since} group by 1`;
    const [newest] = await sql.read<{ lastIn: Date | null; lastOut: Date | null }[]>`
      select (select max(received_at)
                from accounts as a
               cross join lateral (select received_at from deliveries as d where d.account_id = a.account_id
                                    order by email_id desc limit 1) as of_account) as "lastIn",
             (select max(finished_at) from queue_recipients where finished_at is not null and state = 'delivered') as "lastOut"`;
    const sent = await sql.read<Hour[]>`
      select date_trunc('hour', finished_at) as hour, count(*)::integer as messages from queue_recipients
       where finished_at >= ${since} and state = 'delivered' group by 1`;
    return {
      lastIn: newest?.lastIn ?? null,
      lastOut: newest?.lastOut ?? null,
      received: byHour(received),
      sent: byHour(sent),
    };
  } catch (error) {
    throw translateDatabaseError(error);
  }
}

const byHour = (rows: readonly Hour[]): ReadonlyMap<number, number> =>
  new Map(rows.map(({ hour, messages }) => [hour.getTime(), messages]));

import { type Sql, textArray } from '@postel/storage';
import { HISTORY_MS, PRUNED_AT_ONCE, STRAY_CONTENT_MS } from './limits.ts';
import { pruneReportCounts } from './report-limits.ts';

/** Removes what is long finished, and octets that no message came to name. @returns how many recipients */
export async function pruneQueue(sql: Sql): Promise<number> {
  await sql.begin(async (tx) => {
    // Whoever names them meanwhile has waited for these locks, and finds them gone; who did before is seen by the second statement.
    const stray = await tx<{ message: string }[]>`
      select message_id as message from queue_contents as c
       where stored_at < now() - make_interval(secs => ${STRAY_CONTENT_MS / 1_000})
         and not exists (select from queue_messages as m where m.message_id = c.message_id)
       order by message_id, chunk limit ${PRUNED_AT_ONCE} for update`;
    await tx`
      delete from queue_contents as c
       where message_id = any(${textArray(stray.map(({ message }) => message))}::uuid[])
         and not exists (select from queue_messages as m where m.message_id = c.message_id)`;
  });
  let pruned = 0;
  for (let count = PRUNED_AT_ONCE; count === PRUNED_AT_ONCE; pruned += count) {
    ({ count } = await sql`
      delete from queue_recipients where recipient_id in (
        select recipient_id from queue_recipients
         where finished_at < now() - make_interval(secs => ${HISTORY_MS / 1_000}) order by finished_at limit ${PRUNED_AT_ONCE})`);
  }
  await sql`
    delete from queue_messages as m
     where queued_at < now() - make_interval(secs => ${HISTORY_MS / 1_000})
       and not exists (select from queue_recipients as r where r.message_id = m.message_id)`;
  await pruneReportCounts(sql);
  return pruned;
}

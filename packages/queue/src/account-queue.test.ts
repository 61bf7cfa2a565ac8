import { accountId } from '@postel/storage';
import { expect, test } from 'vitest';
import { listSent } from './account-queue.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

test('what an account has sent is found by an index, however much others have sent since', async () => {
  await using database = await openTestDatabase();
  const { sql } = database;
  const [rare, busy] = [accountId(1), accountId(2)];
  await sql`
    insert into queue_messages (message_id, name, account_id, reverse_path, size_octets, is_8bit, has_utf8_header, is_binary, is_utf8,
                                requires_tls)
    select md5(i::text)::uuid, 'm-' || i, case when i <= 3 then ${rare}::bigint else ${busy}::bigint end, 'x@example.com', 1, false,
           false, false, false, false
      from generate_series(1, 20000) as i`;
  await sql`
    insert into queue_recipients (message_id, account_id, forward_path, domain, state, finished_at)
    select message_id, account_id, 'y@example.org', 'example.org', 'delivered', now() from queue_messages order by name`;
  await sql`analyze queue_messages`;
  await sql`analyze queue_recipients`;
  const sent = await listSent(sql, rare, { withHistory: true, message: null }, 200);
  expect(sent.map(({ message }) => message).sort()).toEqual(['m-1', 'm-2', 'm-3']);
  const plan = await sql.unsafe(
    `explain select recipient_id from queue_recipients where account_id = ${rare} order by recipient_id desc limit 200`,
  );
  expect(JSON.stringify(plan)).toContain('queue_recipients_sent');
}, 60_000);

import { expect, test } from 'vitest';
import { PRUNED_AT_ONCE } from './limits.ts';
import { Queue } from './queue.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

test('all that is long finished is removed, however much it is', async () => {
  await using database = await openTestDatabase();
  const queue = new Queue(database);
  const about = {
    name: 'a',
    reversePath: 'mary@example.org',
    account: null,
    requiresTls: false,
    hostname: 'mail.example.com',
  };
  await queue.report({ octets: Buffer.from('Subject: x\r\n\r\n'), about });
  const [first] = await queue.take(1, []);
  await database.sql`
    insert into queue_recipients (message_id, forward_path, domain, next_attempt_at, state, finished_at)
    select ${first?.message.id ?? ''}::uuid, 'r' || n || '@example.org', 'example.org', now(), 'delivered', now() - interval '31 days'
      from generate_series(1, ${2 * PRUNED_AT_ONCE + 1}::integer) as n`;
  expect(await queue.prune()).toBe(2 * PRUNED_AT_ONCE + 1);
  expect(await database.sql`select recipient_id from queue_recipients`).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { WEBHOOK } from './limits.ts';
import { Queue } from './queue.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

test('of events beyond those that may wait a webhook does not hear, they are counted, and others hear of them', async () => {
  await using database = await openTestDatabase();
  const { sql } = database;
  const lost: number[] = [];
  const queue = new Queue(database, { onLostEvents: (count) => lost.push(count) });
  await sql`
    insert into webhooks (url, secret, events, allows_private)
    select 'https://hook.example/' || n, 'secret', '{delivered}', false from generate_series(1, 2) as n`;
  await sql`
    insert into webhook_events (webhook_id, body)
    select (select min(webhook_id) from webhooks), '{}' from generate_series(1, ${WEBHOOK.waiting}::integer)`;
  await sql`
    with message as (
      insert into queue_messages (message_id, name, reverse_path, size_octets, is_8bit, has_utf8_header, is_binary, is_utf8, requires_tls)
      values (gen_random_uuid(), 'a', 'mary@example.com', 0, false, false, false, false, false) returning message_id)
    insert into queue_recipients (message_id, forward_path, domain, next_attempt_at)
    select message_id, 'bob@example.org', 'example.org', now() from message`;
  const [recipient] = await queue.take(1, []);
  if (recipient === undefined) throw new Error('nothing is due');
  const said = { status: '2.0.0', reply: 'OK', mta: null, route: null, members: [] };
  await queue.settle([{ recipient, outcome: { type: 'delivered' }, ...said }], []);
  expect(lost).toEqual([1]);
  const counts = await sql<{ count: number }[]>`
    select count(*)::integer as count from webhook_events group by webhook_id order by webhook_id`;
  expect(counts.map(({ count }) => count)).toEqual([WEBHOOK.waiting, 1]);
});

import type { AccountId } from '@postel/storage';
import { expect, test } from 'vitest';
import type { WithheldReport } from './insert-reports.ts';
import { REPORTS_A_DOMAIN, REPORTS_AN_ADDRESS } from './limits.ts';
import { Queue } from './queue.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

const OCTETS = Buffer.from('Subject: x\r\n\r\n');

async function begin() {
  const database = await openTestDatabase();
  const { sql } = database;
  const withheld: WithheldReport[] = [];
  const queues = [1, 2].map(() => new Queue(database, { onWithheld: (report) => withheld.push(report) }));
  return {
    sql,
    withheld,
    /** By one process or the other. */
    async report(reversePath: string, { account = null, by = 0 }: { account?: AccountId | null; by?: number } = {}) {
      const about = { name: 'a', reversePath, account, requiresTls: false, hostname: 'mail.example.com' };
      await queues[by % 2]?.report({ octets: OCTETS, about });
    },
    async queued(): Promise<number> {
      const [row] = await sql<{ count: number }[]>`select count(*)::integer as count from queue_recipients`;
      return row?.count ?? 0;
    },
    /** As if so many had gone there. */
    async countOf(target: string, reports: number) {
      await sql`
        insert into queue_report_counts (target, hour, reports) values (${target}, date_trunc('hour', now()), ${reports}::integer)
        on conflict (target, hour) do update set reports = excluded.reports`;
    },
    async passAnHour() {
      await sql`update queue_report_counts set hour = hour - interval '1 hour'`;
    },
    prune: () => queues[0]?.prune(),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

test('hardening 59: one sender elsewhere gets so many reports an hour, of all processes, however the address is spelled', async () => {
  await using world = await begin();
  const spelled = ['bob@example.org', 'Bob@Example.ORG'];
  await Promise.all(
    Array.from({ length: REPORTS_AN_ADDRESS + 5 }, (_, i) => world.report(spelled[i % 2] ?? '', { by: i })),
  );
  expect(await world.queued()).toBe(REPORTS_AN_ADDRESS);
  expect(world.withheld).toHaveLength(5);
  expect(world.withheld[0]).toMatchObject({ name: 'a', limit: 'address' });
  await world.report('ann@example.org');
  expect(await world.queued()).toBe(REPORTS_AN_ADDRESS + 1);
  await world.passAnHour();
  await world.report('bob@example.org');
  expect(await world.queued()).toBe(REPORTS_AN_ADDRESS + 2);
});

test('hardening 58: so many go to all of a domain, and others are not held up by that', async () => {
  await using world = await begin();
  await world.countOf('@xn--bcher-kva.example', REPORTS_A_DOMAIN - 1);
  await world.report('a@bücher.example');
  await world.report('b@xn--bcher-kva.example');
  await world.report('c@example.org');
  expect(world.withheld).toEqual([{ name: 'a', reversePath: 'b@xn--bcher-kva.example', limit: 'domain' }]);
  expect(await world.queued()).toBe(2);
});

test('who submitted the messages here hears more, and no domain is closed by it', async () => {
  await using world = await begin();
  await world.countOf('mary@example.com', REPORTS_AN_ADDRESS);
  await world.countOf('@example.com', REPORTS_A_DOMAIN);
  const [mary] = await world.sql<{ account: AccountId }[]>`select 1::bigint as account`;
  await world.report('mary@example.com', { account: mary?.account ?? null });
  expect([await world.queued(), world.withheld]).toEqual([1, []]);
  await world.report('mary@example.com');
  expect(world.withheld).toMatchObject([{ limit: 'address' }]);
});

test('what was counted is forgotten after a day', async () => {
  await using world = await begin();
  await world.report('bob@example.org');
  await world.prune();
  expect(await world.sql`select from queue_report_counts`).toHaveLength(2);
  await world.sql`update queue_report_counts set hour = hour - interval '26 hours'`;
  await world.prune();
  expect(await world.sql`select from queue_report_counts`).toHaveLength(0);
});

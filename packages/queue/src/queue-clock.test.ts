import { expect, test } from 'vitest';
import { Queue } from './queue.ts';
import { changeQueue } from './queue-admin.ts';
import { openTestDatabase } from './testing/open-test-database.ts';

const ABOUT = {
  name: 'a',
  reversePath: 'mary@example.org',
  account: null,
  requiresTls: false,
  hostname: 'mail.example.com',
};
const HOUR_MS = 3_600_000;
const YEARS_MS = 10 * 365 * 24 * HOUR_MS;

/** A message that was tried once, and waits for an hour. */
async function waiting() {
  const database = await openTestDatabase();
  const { sql } = database;
  const queue = new Queue(database);
  // The clock that comes with the tables was last looked at when they were made, for the first test of all.
  await queue.lookAtClock();
  await queue.report({ octets: Buffer.from('Subject: x\r\n\r\n'), about: ABOUT });
  const settle = async () => {
    const [recipient] = await queue.take(1, []);
    if (recipient === undefined) throw new Error('nothing is due');
    const outcome = { type: 'deferred', pauseMs: HOUR_MS, tellsDelay: false } as const;
    await queue.settle(
      [{ recipient, outcome, status: '4.0.0', reply: 'later', mta: null, route: null, members: [] }],
      [],
    );
    return recipient;
  };
  await settle();
  return {
    sql,
    queue,
    settle,
    /** As if the clock had gone by that: all that is written down is of before. */
    async jump(ms: number) {
      const seconds = ms / 1_000;
      await sql`update queue_clock set seen_at = seen_at - make_interval(secs => ${seconds})`;
      await sql`
        update queue_messages set queued_at = queued_at - make_interval(secs => ${seconds}),
                                  released_at = released_at - make_interval(secs => ${seconds})`;
      await sql`update queue_recipients set next_attempt_at = next_attempt_at - make_interval(secs => ${seconds})`;
    },
    pauseSeconds: async () =>
      (
        await sql<
          { s: number }[]
        >`select extract(epoch from next_attempt_at - now())::float8 as s from queue_recipients`
      )[0]?.s ?? 0,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

test('hardening 70: a clock that jumps ten years forward makes no mail older', async () => {
  await using one = await waiting();
  await one.jump(YEARS_MS);
  expect((await one.settle()).ageMs).toBeLessThanOrEqual(600_000);
  const { wentMs, countedMs } = await one.queue.lookAtClock();
  expect(wentMs).toBeGreaterThan(YEARS_MS);
  expect(countedMs).toBe(600_000);
  await one.sql`update queue_recipients set next_attempt_at = now()`;
  expect((await one.settle()).ageMs).toBeLessThan(660_000);
});

test('hardening 70: one that goes back has nobody wait for longer, nor grow younger', async () => {
  await using one = await waiting();
  for (const ms of [HOUR_MS, YEARS_MS]) {
    await one.jump(-ms);
    await one.queue.lookAtClock();
    expect(Math.abs((await one.pauseSeconds()) - 3_600)).toBeLessThan(60);
  }
  await one.sql`update queue_recipients set next_attempt_at = now()`;
  expect((await one.settle()).ageMs).toBeGreaterThanOrEqual(0);
});

test('a clock that goes on as it should counts as it is', async () => {
  await using one = await waiting();
  for (let minutes = 0; minutes < 60; minutes += 5) {
    await one.jump(5 * 60_000);
    await one.queue.lookAtClock();
  }
  await one.sql`update queue_recipients set next_attempt_at = now()`;
  const { ageMs } = await one.settle();
  expect(Math.abs(ageMs - HOUR_MS)).toBeLessThan(60_000);
});

test('what is released has all of its time again, and goes no sooner than its sender wanted', async () => {
  await using one = await waiting();
  await one.sql`update queue_clock set counted_ms = counted_ms + 1000000000`;
  await one.sql`update queue_messages set release_request = 'until;2099-01-01T00:00:00Z', released_at = now() + interval '1 day'`;
  const [row] = await one.sql<{ id: number }[]>`select recipient_id as id from queue_recipients`;
  const ids = [row?.id ?? 0];
  await changeQueue(one.sql, 'hold', ids);
  await changeQueue(one.sql, 'release', ids);
  expect(await one.pauseSeconds()).toBeGreaterThan(86_000);
  await one.sql`update queue_recipients set next_attempt_at = now()`;
  expect((await one.settle()).ageMs).toBe(0);
});

test('octets that were taken for stray ones are missed before their message counts as queued', async () => {
  await using one = await waiting();
  const octets = Buffer.from('Subject: x\r\n\r\n');
  const content = {
    sizeOctets: octets.length,
    headerOctets: octets.length,
    async *read() {
      yield octets.subarray(0, 5);
      yield octets.subarray(5);
    },
  };
  const envelope = { isUtf8: false, requiresTls: false, envelopeId: null, returnContent: null, submitter: null };
  const message = {
    name: 'b',
    account: null,
    envelope: { ...envelope, reversePath: '', releaseRequest: null },
    mayBeBinary: false,
    prefix: Buffer.alloc(600_000, 0x61),
    signers: [],
    tellsSender: true,
    recipients: [],
    waitMs: 0,
    releaseAt: null,
  };
  const swept = {
    ...content,
    async *read() {
      yield octets.subarray(0, 5);
      // The first chunk is stored: a day goes by for the clock.
      await one.sql`update queue_contents set stored_at = now() - interval '2 days'`;
      await one.queue.prune();
      yield octets.subarray(5);
    },
  };
  await one.queue.keep(content, message);
  await expect(one.queue.keep(swept, message)).rejects.toMatchObject({ kind: 'unavailable' });
});

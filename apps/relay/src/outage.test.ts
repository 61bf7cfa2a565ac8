import { changeQueue, DEFAULT_SCHEDULE } from '@postel/queue';
import { expect, test } from 'vitest';
import { TRANSACTIONS, TRANSACTIONS_A_DOMAIN, TRANSACTIONS_A_HOST } from './limits.ts';
import { OutageSink } from './testing/outage-sink.ts';
import { startQueue } from './testing/start-relay.ts';
import { TimeTravel } from './testing/time-travel.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** As docs/sending.md says it. */
const JITTER = 0.2;
/** Attempts may come as much late: time goes on in steps. */
const STEP_MS = 20 * MINUTE_MS;
/** What goes by of itself. */
const TOLERANCE_MS = 5 * MINUTE_MS;
const TEST_MS = 120_000;

/** 20 domains have one provider, the others a server each; to one of these goes as much as to 20 others. */
const DOMAINS = 50;
const OF_PROVIDER = 20;
const BIG = 20;
const messagesTo = (domain: number) => (domain === BIG ? 40 : 2);

const nameOf = (domain: number) => `d${domain}.example`;
const hostOf = (domain: number) => (domain < OF_PROVIDER ? 0 : domain);
const addressOf = (host: number) => `127.0.2.${host + 1}`;
const hostName = (host: number) => `mx${host}.example`;

const ALL = Array.from({ length: DOMAINS }, (_, domain) => domain);
const HOSTS = [...new Set(ALL.map(hostOf))];
const ZONE = Object.fromEntries([
  ...ALL.map((domain) => [nameOf(domain), { MX: [{ preference: 10, exchange: hostName(hostOf(domain)) }] }]),
  ...HOSTS.map((host) => [hostName(host), { A: [addressOf(host)] }]),
]);
const RECIPIENTS = ALL.flatMap((domain) =>
  Array.from({ length: messagesTo(domain) }, (_, at) => `r${at}@${nameOf(domain)}`),
);

/** From an attempt that failed to the next: RFC 5321 §4.5.4.1. */
function pauseMs(attempts: number): number {
  const { firstPauseMs, longestPauseMs } = DEFAULT_SCHEDULE;
  return Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
}

test(
  'a day on which no other server is up: attempts by the schedule, one notice, and then everything once',
  async () => {
    await using sink = await OutageSink.start(HOSTS.map(addressOf));
    await using queue = await startQueue();
    await queue.directory.addAccount({ name: 'mary', address: 'mary@example.com', password: null });
    const account = (await queue.directory.identify('mary'))?.accountId ?? null;
    for (const [i, forwardPath] of RECIPIENTS.entries()) {
      await queue.put(`Subject: ${i}\r\n\r\nx\r\n`, { name: `m${i}`, account }, [{ forwardPath }]);
    }
    const time = new TimeTravel(queue.sql);
    await using _ = await queue.startRelay({ zone: ZONE, port: sink.port, now: time.now });

    // The day.
    let before = await time.idle();
    expect(before.map(({ attempts }) => attempts)).toEqual(RECIPIENTS.map(() => 1));
    const wrong: string[] = [];
    const parts: number[] = [];
    while (time.passedMs < DAY_MS) {
      const first = Math.min(...before.map(({ dueMs }) => dueMs));
      await time.go(Math.min(Math.max(first - time.passedMs, 0) + STEP_MS, DAY_MS - time.passedMs));
      const goneMs = time.passedMs;
      const after = await time.idle();
      expect(after).toHaveLength(RECIPIENTS.length);
      for (const [i, { id, attempts, dueMs }] of after.entries()) {
        const was = before[i];
        if (was === undefined) throw new Error('one is missing');
        const isDue = was.dueMs <= goneMs;
        // What came due of itself, while others were tried, may have been tried or not.
        const mayBeDue = was.dueAfterMs <= time.passedMs;
        if (attempts !== was.attempts + 1 && isDue) wrong.push(`${id} was due and has ${attempts} attempts`);
        if (attempts !== was.attempts && !mayBeDue) wrong.push(`${id} was tried early`);
        if (attempts === was.attempts) continue;
        // It was tried after it had come due.
        const part = (dueMs - goneMs) / pauseMs(attempts);
        if (part < 1 - JITTER || dueMs - time.passedMs > pauseMs(attempts) * (1 + JITTER)) {
          wrong.push(`${id} waits ${part} of its pause after ${attempts} attempts`);
        }
        parts.push(part);
      }
      before = after;
    }
    expect(wrong).toEqual([]);
    // By chance, in all of the range.
    expect(Math.min(...parts)).toBeLessThan(1 - 0.9 * JITTER);
    expect(Math.max(...parts)).toBeGreaterThan(1 + 0.9 * JITTER);
    // 5 + 10 + 20 + 40 + 80 + 160 + 4 * 240 minutes make 21 hours, more or less.
    for (const { attempts } of before) expect([10, 11, 12, 13]).toContain(attempts);
    expect(sink.taken).toEqual([]);
    // What failed together does not come together: it is spread over the hours of the longest pause.
    const slots = Map.groupBy(before, ({ dueMs }) => Math.floor(dueMs / (HOUR_MS / 2)));
    expect(Math.max(...[...slots.values()].map((rows) => rows.length))).toBeLessThan(RECIPIENTS.length / 3);

    // What the sender was told of each message, once.
    const notices = await queue.sql<{ text: string }[]>`
      select convert_from(octets, 'UTF8') as text from contents where octets is not null`;
    expect(notices.map(({ text }) => /^Final-Recipient: rfc822; (.*)\r$/m.exec(text)?.[1]).sort()).toEqual(
      RECIPIENTS.toSorted(),
    );
    for (const { text } of notices) {
      expect(text).toContain('\r\nAction: delayed\r\n');
      const at = (field: string) => Date.parse(new RegExp(`^${field}: (.*)\\r$`, 'm').exec(text)?.[1] ?? '');
      const lateMs = at('Last-Attempt-Date') - at('Arrival-Date');
      // Told by the first attempt that failed after four hours; the one before came after 155 minutes, more or less.
      expect(lateMs).toBeGreaterThan(DEFAULT_SCHEDULE.delayReportMs - TOLERANCE_MS);
      expect(lateMs).toBeLessThan((155 + 160) * MINUTE_MS * (1 + JITTER) + 6 * STEP_MS + TOLERANCE_MS);
      const triedMs = at('Will-Retry-Until') - at('Arrival-Date');
      expect(Math.abs(triedMs - DEFAULT_SCHEDULE.lifetimeMs)).toBeLessThan(TOLERANCE_MS);
      const until = /^Will-Retry-Until: (.*)\r$/m.exec(text)?.[1];
      expect(text).toContain(`\r\nIt is tried again until ${until}.\r\n`);
    }

    // All are up again, and the operator has everything tried at once, which is the worst for them.
    await sink.recover(HOSTS.map(addressOf));
    await time.go(MINUTE_MS); // an address that did not answer is left alone for a moment
    await changeQueue(
      queue.sql,
      'retry',
      before.map(({ id }) => id),
    );
    await sink.gets(RECIPIENTS.length);
    expect(await time.idle()).toEqual([]);
    expect(sink.taken.toSorted()).toEqual(RECIPIENTS.toSorted());
    expect(await queue.sql`select from queue_recipients where state <> 'delivered'`).toHaveLength(0);

    // No more at the same time than may be, and more than one where that was allowed.
    expect(sink.transactions.most('all')).toBeLessThanOrEqual(TRANSACTIONS);
    for (const address of HOSTS.map(addressOf)) {
      expect(sink.ofHost.most(address)).toBeLessThanOrEqual(TRANSACTIONS_A_HOST);
      expect(sink.connections.most(address)).toBeLessThanOrEqual(TRANSACTIONS_A_HOST);
    }
    for (const domain of ALL) expect(sink.ofDomain.most(nameOf(domain))).toBeLessThanOrEqual(TRANSACTIONS_A_DOMAIN);
    expect(sink.ofHost.most(addressOf(0))).toBeGreaterThan(1);
    // A server that comes up is not met by all at once: its first message is alone.
    expect(sink.besideFirst).toBe(0);
    // The big one holds up nobody: everyone else has had something when it has had half of its mail.
    const half = sink.taken.findIndex(
      (_, i) =>
        sink.taken.slice(0, i + 1).filter((path) => path.endsWith(`@${nameOf(BIG)}`)).length === messagesTo(BIG) / 2,
    );
    const early = new Set(sink.taken.slice(0, half).map((path) => path.split('@')[1]));
    expect(
      HOSTS.slice(1)
        .map(nameOf)
        .filter((name) => !early.has(name)),
    ).toEqual([]);
  },
  TEST_MS,
);

import { DEFAULT_SCHEDULE, type LeasedRecipient } from '@postel/queue';
import { expect, test } from 'vitest';
import { deferred } from './outcome.ts';
import { reportsOf, settlementOf } from './settlement.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const QUEUED_AT = new Date('2026-11-20T10:00:00Z');

interface Waiting {
  readonly ageMs: number;
  readonly notify?: readonly string[] | null;
  readonly wasToldOfDelay?: boolean;
  readonly tellsSender?: boolean;
  readonly envelope?: Partial<LeasedRecipient['message']['envelope']>;
}

function recipient({
  ageMs,
  notify = null,
  wasToldOfDelay = false,
  tellsSender = true,
  envelope = {},
}: Waiting): LeasedRecipient {
  return {
    id: 1,
    lease: '',
    forwardPath: 'bob@example.org',
    domain: 'example.org',
    alias: null,
    listFields: '',
    notify,
    originalRecipient: null,
    attempts: 3,
    ageMs,
    wasToldOfDelay,
    isBulk: false,
    pinnedRoute: null,
    ending: null,
    message: {
      id: '',
      name: 'x-1',
      account: null,
      queuedAt: QUEUED_AT,
      releasedAt: QUEUED_AT,
      envelope: {
        reversePath: 'mary@example.com',
        isUtf8: false,
        requiresTls: false,
        envelopeId: null,
        returnContent: null,
        submitter: null,
        releaseRequest: null,
        ...envelope,
      },
      sizeOctets: 30,
      is8bit: false,
      hasUtf8Header: false,
      isBinary: false,
      isTlsOptional: false,
      signers: [],
      tellsSender,
    },
  };
}

const context = {
  hostname: 'mail.example.com',
  schedule: DEFAULT_SCHEDULE,
  tookMs: 0,
  chance: () => 0.5,
  now: () => new Date('2026-11-20T14:00:00Z'),
  routeOf: () => 'provider',
};

async function deferredOnceMore(waiting: Waiting) {
  const one = recipient(waiting);
  const settlement = settlementOf(new Map([[one, deferred('4.4.1', 'Cannot connect')]]), context);
  async function* read() {
    yield Buffer.from('Subject: x\r\n\r\nsecret text\r\n');
  }
  const reports = await reportsOf(one.message, settlement, read, context);
  const [result] = settlement.results;
  return { outcome: result?.outcome, status: result?.status, reports: reports.map(({ octets }) => octets.toString()) };
}

test('a message that is late for the first time has its sender told, by the schedule as it is', async () => {
  expect((await deferredOnceMore({ ageMs: HOUR_MS })).reports).toEqual([]);
  const { outcome, reports } = await deferredOnceMore({ ageMs: 4 * HOUR_MS });
  expect(outcome).toEqual({ type: 'deferred', pauseMs: 40 * 60_000, tellsDelay: true });
  expect(reports[0]).toContain('\r\nAction: delayed\r\nStatus: 4.4.1\r\n');
  expect(reports[0]).toContain('\r\nWill-Retry-Until: Wed, 25 Nov 2026 10:00:00 +0000\r\n');
  for (const no of [{ wasToldOfDelay: true }, { notify: ['FAILURE'] }, { envelope: { reversePath: '' } }]) {
    expect((await deferredOnceMore({ ageMs: 4 * HOUR_MS, ...no })).reports).toEqual([]);
  }
});

test('when its time is over it failed, and its sender hears why', async () => {
  const { outcome, status, reports } = await deferredOnceMore({ ageMs: 5 * DAY_MS, wasToldOfDelay: true });
  expect([outcome, status]).toEqual([{ type: 'failed' }, '5.4.7']);
  expect(reports[0]).toContain('\r\nAction: failed\r\nStatus: 5.4.7\r\n');
  expect(reports[0]).toContain('\r\n    Cannot connect\r\n');
});

test('hardening 57: what came from nobody fails in silence', async () => {
  const { outcome, reports } = await deferredOnceMore({ ageMs: 6 * DAY_MS, envelope: { reversePath: '' } });
  expect([outcome, reports]).toEqual([{ type: 'failed' }, []]);
});

test('hardening 58: who may have had nothing to do with it is told neither that it is late nor that it failed', async () => {
  for (const ageMs of [4 * HOUR_MS, 5 * DAY_MS]) {
    expect((await deferredOnceMore({ ageMs, tellsSender: false })).reports).toEqual([]);
  }
});

test('a message goes back whole where its sender asked for it, and never one that requires TLS', async () => {
  const back = async (envelope: Waiting['envelope'] = {}) =>
    (await deferredOnceMore({ ageMs: 5 * DAY_MS, envelope })).reports[0] ?? '';
  expect(await back()).not.toContain('secret');
  expect(await back({ returnContent: 'HDRS' })).not.toContain('secret');
  expect(await back({ returnContent: 'FULL' })).toContain('\r\n\r\nSubject: x\r\n\r\nsecret text\r\n');
  expect(await back({ returnContent: 'FULL', requiresTls: true })).not.toContain('secret');
});

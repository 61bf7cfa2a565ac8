import { sharedPostel } from '@postel/testkit';
import { afterAll, beforeAll, test } from 'vitest';
import { runFlagRace } from './flag-race.ts';
import { runQuotaRace } from './quota-race.ts';
import { RaceServer } from './race-server.ts';
import { runWatchersRace } from './watchers-race.ts';

/** Short forms of `npm run races`. */
let server: RaceServer;
beforeAll(async () => {
  server = await RaceServer.start(sharedPostel());
});
afterAll(() => server[Symbol.asyncDispose]());

test('hardening 51: of two processes that change a message on the same condition exactly one wins', async () => {
  await runFlagRace(server, 750);
});

test('hardening 56: 100 appends at once at the edge of the quota never pass it, by IMAP and LMTP', async () => {
  await runQuotaRace(server, 2);
});

test('hardening 52: whatever many write on two processes, each watcher knows its mailbox as the database has it', async () => {
  await runWatchersRace(server, { writers: 16, watchers: 16, seconds: 6, stops: 3, report: () => {} });
}, 60_000);

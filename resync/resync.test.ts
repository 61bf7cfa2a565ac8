import { sharedPostel } from '@postel/testkit';
import { afterAll, beforeAll, test } from 'vitest';
import { RaceServer } from '../races/race-server.ts';
import { runResync } from './run-resync.ts';

/** `npm run resync` takes thousands. */
const STEPS = 500;

let server: RaceServer;
beforeAll(async () => {
  server = await RaceServer.start(sharedPostel());
});
afterAll(() => server[Symbol.asyncDispose]());

test('hardening 50: clients that go away anywhere and come back know what there is, whatever was pruned meanwhile', async () => {
  await runResync(server, { seed: Date.now() % 2 ** 31, steps: STEPS }, new Map());
}, 180_000);

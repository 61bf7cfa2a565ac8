import { expect, test } from 'vitest';
import { runSending } from './sending-run.ts';

const MOST_MS = 150_000;

/** `npm run sending` has the long form. */
test(
  'whatever is killed, each message that was accepted arrives once, and its sender hears once of what failed',
  async ({ skip }) => {
    const options = { messages: 60, domains: 15, crashes: 2, seed: 7, endsLeases: true, told: () => {} };
    const result = await runSending(options).catch((error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
        return skip('SKIP: this machine lets the test have no port 25');
      throw error;
    });
    expect(result.wrong).toEqual([]);
    expect(result.accepted).toBeGreaterThanOrEqual(60);
    expect(result.reports).toBeGreaterThan(0);
    expect(Object.values(result.kills).reduce((sum, count) => sum + count)).toBe(2);
    expect(result.kills.relay).toBe(1);
  },
  MOST_MS,
);

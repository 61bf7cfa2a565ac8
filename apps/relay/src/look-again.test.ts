import { expect, test } from 'vitest';
import { LOOK_MS, LOOK_PAUSE_MS } from './limits.ts';
import { lookAgainMs } from './look-again.ts';

test('what is due and may not be taken is not asked for over and over', () => {
  expect(lookAgainMs(-60_000, false)).toBe(LOOK_PAUSE_MS);
  expect(lookAgainMs(5_000, false)).toBe(5_000);
  expect(lookAgainMs(3_600_000, false)).toBe(LOOK_MS);
  expect([lookAgainMs(null, false), lookAgainMs(-1, true)]).toEqual([LOOK_MS, LOOK_MS]);
});

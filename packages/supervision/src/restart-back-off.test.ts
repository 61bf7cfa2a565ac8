import { expect, test } from 'vitest';
import { RestartBackOff } from './restart-back-off.ts';

test('the delay doubles up to half a minute while the process keeps dying', () => {
  const backOff = new RestartBackOff(() => 0);
  const delays = Array.from({ length: 10 }, () => {
    backOff.started();
    return backOff.ended();
  });
  expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

test('a process that ran for a minute begins anew', () => {
  let now = 0;
  const backOff = new RestartBackOff(() => now);
  backOff.started();
  backOff.ended();
  backOff.ended();
  backOff.started();
  now += 60_000;
  expect(backOff.ended()).toBe(200);
});

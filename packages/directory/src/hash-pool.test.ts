import { expect, test } from 'vitest';
import { createHashPool } from './hash-pool.ts';

test('hardening 25: at most so many hashes run at once, the rest in turn, and more are refused', async () => {
  const pool = createHashPool({ atOnce: 2, waiting: 3 });
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const started: number[] = [];
  const hashes = gates.map((gate, i) =>
    pool.run(async () => {
      started.push(i);
      await gate.promise;
      return i;
    }),
  );
  await expect(pool.run(() => Promise.resolve(5))).rejects.toMatchObject({ kind: 'unavailable' });
  expect(started).toEqual([0, 1]);

  gates[1]?.resolve();
  await hashes[1];
  expect(started).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  expect(await Promise.all(hashes)).toEqual([0, 1, 2, 3, 4]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
});

test('whoever comes while others finish does not run beside more than are allowed', async () => {
  const pool = createHashPool({ atOnce: 2, waiting: 100 });
  let running = 0;
  let mostAtOnce = 0;
  const hash = async () => {
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    await new Promise(setImmediate);
    running -= 1;
  };
  const chain = async () => {
    for (let i = 0; i < 10; i++) await pool.run(hash);
  };
  await Promise.all(Array.from({ length: 5 }, chain));
  expect(mostAtOnce).toBe(2);
});

test('a hash that fails gives up its place', async () => {
  const pool = createHashPool({ atOnce: 1, waiting: 1 });
  const failing = pool.run(() => Promise.reject(new Error('no memory')));
  const waiting = pool.run(() => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no memory');
  expect(await waiting).toBe('done');
  expect(await pool.run(() => Promise.resolve('again'))).toBe('again');
});

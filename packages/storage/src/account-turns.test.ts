import { expect, test } from 'vitest';
import { AccountTurns } from './account-turns.ts';
import { accountId } from './ids.ts';

const [mary, peter] = [accountId(1), accountId(2)];

test('tasks of one account run one after the other, and wait for no other account', async () => {
  const turns = new AccountTurns();
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  const tasks = [
    turns.run(mary, () => first.promise.then(() => done.push('mary 1'))),
    turns.run(mary, async () => done.push('mary 2')),
    turns.run(peter, async () => done.push('peter 1')),
  ];
  await tasks[2];
  expect(done).toEqual(['peter 1']);
  first.resolve();
  await Promise.all(tasks);
  expect(done).toEqual(['peter 1', 'mary 1', 'mary 2']);
  expect(await turns.run(mary, async () => 'again')).toBe('again');
});

test('a failure is told to whom it belongs, and the next one runs', async () => {
  const turns = new AccountTurns();
  const failing = turns.run(mary, () => Promise.reject(new Error('failed')));
  const next = turns.run(mary, async () => 'done');
  await expect(failing).rejects.toThrow('failed');
  expect(await next).toBe('done');
});

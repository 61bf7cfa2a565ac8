import { afterAll, beforeAll, test } from 'vitest';
import { startStorage, type TestStorage } from './storage-for-tests.ts';
import { checkModel, openStores } from './testing/check-model.ts';

/** `npm run model` takes thousands. */
const STEPS = 300;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test('rules 1 to 7, 9 and 11: after every step of several processes the store is as a plain model of it', async () => {
  const stores = await openStores(storage);
  let played = 0;
  for (let seed = Date.now() % 2 ** 31; played < STEPS; seed++) {
    await checkModel(storage, stores, {
      seed,
      mostSteps: 100,
      played: () => {
        played++;
      },
    });
  }
}, 180_000);

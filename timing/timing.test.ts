import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { type Door, directoryDoor, submissionDoor } from './doors.ts';
import { type Guess, guessedMechanisms } from './guesses.ts';
import { measure } from './measure.ts';
import { type Comparison, prepareComparisons } from './subjects.ts';

/** Short forms of `npm run timing`: that every guess is one, and that a difference is found. Work is counted in packages/directory. */
test('hardening 17: whatever is guessed, by whatever mechanism, is refused alike', async () => {
  await using postel = await startPostel(); // CRAM-MD5 is offered when somebody can use it
  await using opened = new AsyncDisposableStack();
  const database = openDatabase(postel.database, { applicationName: 'timing test', maxConnections: 2 });
  opened.defer(() => database.close());
  const directory = openDirectory(database, { trustedNetworks: ['127.0.0.1/32'] }).as({ type: 'server', task: 'test' });
  const comparisons = await prepareComparisons(directory, database.sql, { accountsOfAKind: 1 });
  await directory.start();
  opened.defer(() => directory.close());
  for (const door of [directoryDoor(directory), await submissionDoor(postel.ports.submission)]) {
    const offered = guessedMechanisms.filter((mechanism) => door.offers(mechanism));
    expect(offered.map(({ name }) => name)).toContain('SCRAM-SHA-1');
    for (const mechanism of offered) {
      for (const subject of comparisons.flatMap(({ subjects }) => subjects)) {
        expect(await door.guess(mechanism, subject())).toHaveLength(mechanism.answersTo.length);
      }
    }
  }
});

test('hardening 17: a login that takes 20 µs of 4 ms longer is found among 2,000', async () => {
  const guess = (user: string): Guess => ({ user, password: 'wrong', sharedSecret: 'wrong', wrongOctet: null });
  const compare = (what: string, slower: string): Comparison => {
    return { what, subjects: [() => guess('quick'), () => guess(slower)], expected: 'same', needsNearlyRight: false };
  };
  const [plain] = guessedMechanisms;
  if (plain === undefined) throw new Error('no mechanism');
  let number = 0;
  const door: Door = {
    name: 'of a test',
    offers: () => true,
    // The noise of a machine: 0 to 100 µs, and now and then 10 ms.
    async guess(_, { user }) {
      number = (number * 48_271 + 11) % 2_147_483_647;
      return [4 + (number % 1_000) / 10_000 + (number % 97 === 0 ? 10 : 0) + (user === 'slow' ? 0.02 : 0)];
    },
  };
  const comparisons = [compare('as quick', 'quick'), compare('slower', 'slow')];
  const [same, slower] = await measure(door, plain, comparisons, { samples: 2_000, level: 0.001 });
  expect(same).toMatchObject({ isAsExpected: true });
  expect(slower).toMatchObject({ isAsExpected: false });
  expect(slower?.visibleMs).toBeLessThan(0.02);
});

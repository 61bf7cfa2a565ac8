import { expect, test } from 'vitest';
import type { AccountNews } from './accounts.ts';
import type { AccountId } from './ids.ts';
import { NewestModSeqs } from './newest-modseqs.ts';

const [mary, joe] = [1 as AccountId, 2 as AccountId];
const at = (modseq: number): AccountNews => ({ modseq, isRewound: false });

/** Answers each question when it is told to. */
function questions() {
  const asked: {
    readonly accounts: AccountId[];
    answer(news: readonly (readonly [AccountId, AccountNews])[]): void;
  }[] = [];
  const newest = new NewestModSeqs(
    (accounts) =>
      new Promise((resolve) => {
        asked.push({ accounts: [...accounts], answer: (news) => resolve(new Map(news)) });
      }),
  );
  return { newest, asked };
}

test('those who ask at once share a question, and those who come meanwhile the next one', async () => {
  const { newest, asked } = questions();
  const first = [newest.of(mary), newest.of(joe), newest.of(mary)];
  await Promise.resolve();
  expect(asked.map(({ accounts }) => accounts)).toEqual([[mary, joe]]);
  const later = [newest.of(joe), newest.of(mary), newest.of(joe)];
  await Promise.resolve();
  expect(asked).toHaveLength(1);
  asked[0]?.answer([[mary, at(5)]]);
  expect(await Promise.all(first)).toEqual([at(5), null, at(5)]);
  expect(asked.map(({ accounts }) => accounts)).toEqual([
    [mary, joe],
    [joe, mary],
  ]);
  asked[1]?.answer([
    [joe, at(7)],
    [mary, at(6)],
  ]);
  expect(await Promise.all(later)).toEqual([at(7), at(6), at(7)]);
});

test('a question that fails fails for those who asked it alone', async () => {
  let isDown = true;
  const newest = new NewestModSeqs(async () => {
    if (isDown) throw new Error('down');
    return new Map([[mary, at(5)]]);
  });
  expect(await Promise.allSettled([newest.of(mary), newest.of(joe)])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ]);
  isDown = false;
  expect(await newest.of(mary)).toEqual(at(5));
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

test.each(['prepared', 'inBinary'] as const)('rows of octets, %s', async (how) => {
  const text = `select int4send(n), case when n > $1::bigint then '\\x00ff0a'::bytea end, ''::bytea
                  from unnest($2::integer[]) as n order by n`;
  const empty = Buffer.alloc(0);
  expect(await storage.sql.octetRows(how, text, [7, [8, 7]])).toEqual([
    [Buffer.of(0, 0, 0, 7), null, empty],
    [Buffer.of(0, 0, 0, 8), Buffer.of(0, 0xff, 0x0a), empty],
  ]);
  expect(await storage.sql.octetRows(how, text, [7, []])).toEqual([]);
});

test.each(['prepared', 'inBinary'] as const)(
  'a statement that fails leaves its connection as it was, %s',
  async (how) => {
    const divide = (by: number) => storage.sql.octetRows(how, 'select int4send(1 / $1::integer)', [by]);
    for (let i = 0; i < 20; i++) await expect(divide(0)).rejects.toMatchObject({ code: '22012' });
    expect(await divide(1)).toEqual([[Buffer.of(0, 0, 0, 1)]]);
  },
);

test('only whole numbers go into the text of a statement', async () => {
  for (const value of [0.5, Number.NaN, 2 ** 53, [1, 0.5]])
    await expect(storage.sql.octetRows('inBinary', 'select int8send($1)', [value])).rejects.toThrow(RangeError);
});

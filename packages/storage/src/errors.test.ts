import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConnectionLost, StorageError, translateDatabaseError, translateFileError } from './errors.ts';
import { startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** What the server says, with this SQLSTATE. */
async function serverError(sqlState: string): Promise<unknown> {
  const raise = `do $$ begin raise exception using errcode = '${sqlState}', message = 'as a test wants it'; end $$`;
  return storage.sql.unsafe(raise).then(
    () => null,
    (error: unknown) => error,
  );
}

test.each([
  ['53100', 'disk-full'],
  ['53200', 'unavailable'],
  ['40001', 'unavailable'],
  ['40P01', 'unavailable'],
  ['55P03', 'unavailable'],
  ['57014', 'unavailable'],
  ['57P03', 'unavailable'],
  ['25006', 'unavailable'],
  ['58030', 'unavailable'],
])('hardening 65: the server answers %s: %s, and a write was certainly not done', async (sqlState, kind) => {
  const error = await serverError(sqlState);
  expect(translateDatabaseError(error)).toMatchObject({ kind, cause: error });
  expect(translateDatabaseError(error, true)).toMatchObject({ kind, cause: error });
});

test.each(['22012', '23505', '42P01', 'XX000'])('%s is a mistake of ours and stays what it is', async (sqlState) => {
  const error = await serverError(sqlState);
  expect(error).toMatchObject({ code: sqlState });
  expect(translateDatabaseError(error, true)).toBe(error);
});

test('a lost connection leaves doubt after a write only', () => {
  const lost = new ConnectionLost();
  expect(translateDatabaseError(lost)).toMatchObject({ kind: 'unavailable', cause: lost });
  expect(translateDatabaseError(lost, true)).toMatchObject({ kind: 'outcome-unknown', cause: lost });
});

test('what was translated stays so', () => {
  const error = new StorageError('over-quota', 'full');
  expect(translateDatabaseError(error, true)).toBe(error);
  expect(translateFileError(error)).toBe(error);
});

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EIO', 'unavailable'],
  ['EROFS', 'unavailable'],
  ['EMFILE', 'unavailable'],
])('hardening 68: what a file system says with %s is %s', (code, kind) => {
  expect(translateFileError(Object.assign(new Error(code), { code }))).toMatchObject({ kind });
});

test('any other failure of a file stays what it is', () => {
  const error = Object.assign(new Error('ENOTDIR'), { code: 'ENOTDIR' });
  expect(translateFileError(error)).toBe(error);
});

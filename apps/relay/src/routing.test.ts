import { BUILT_IN_ROUTE, RouteBook } from '@postel/directory';
import { sealRouteSecrets } from '@postel/routes';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Routing } from './routing.ts';

test('a route that has the name of one that was removed has its own secrets', async () => {
  using directory = new TemporaryDirectory();
  const keyFile = `${directory.path}/secrets.key`;
  const routing = new Routing({ book: async () => ({ version: 1, book: new RouteBook([], [], 'direct') }) }, keyFile);
  const read = async (password: string) => {
    const sealed = await sealRouteSecrets(keyFile, 'way-out', { password }, []);
    // Both are as they were added: their revision is the first.
    return await routing.secretsOf({
      ...BUILT_IN_ROUTE,
      name: 'way-out',
      revision: 1,
      secrets: sealed?.octets ?? null,
    });
  };
  expect(await read('of the old host')).toEqual({ password: 'of the old host' });
  expect(await read('of the new host')).toEqual({ password: 'of the new host' });
});

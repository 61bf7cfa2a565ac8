import { BUILT_IN_ROUTE, DIRECT_SETTINGS, RouteBook } from '@postel/directory';
import { sealRouteSecrets } from '@postel/routes';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Routing } from './routing.ts';
import { startQueue } from './testing/start-relay.ts';

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

test('a route that has the name of one that was removed uses no connection of that', async () => {
  await using queue = await startQueue();
  const { routes } = queue.directory;
  const revision = async () => (await routes.book(null))?.book.get('way-out')?.revision;
  await routes.add('way-out', DIRECT_SETTINGS, null);
  const before = await revision();
  await routes.remove('way-out');
  await routes.add('way-out', DIRECT_SETTINGS, null);
  expect(await revision()).not.toBe(before);
  const added = Number(await revision());
  await routes.change('way-out', {});
  expect(await revision()).toBe(added + 1);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseTarget, openDatabase } from './database.ts';
import { type DatabaseServer, DatabaseServers } from './database-servers.ts';
import { startStorage, type TestStorage } from './storage-for-tests.ts';
import { startTlsServer } from './tls-server-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** The servers of a target, in the order in which they are tried. */
async function tried(servers: DatabaseServers, working?: string): Promise<readonly string[]> {
  const names: string[] = [];
  const open = async (server: DatabaseServer) => {
    const name = nameOf(server);
    names.push(name);
    if (name !== working) throw new Error(name);
  };
  await servers.try(open).catch(() => {});
  return names;
}

const nameOf = ({ at }: DatabaseServer) => ('path' in at ? at.path : `${at.host} ${at.port}`);

test.each<[DatabaseTarget, readonly string[]]>([
  [{ socketDirectory: '/run/p', database: 'd', user: 'u' }, ['/run/p/.s.PGSQL.5432']],
  [{ url: 'postgres://u@db/x' }, ['db 5432']],
  [{ url: 'postgresql://u:p@db:6000/x?sslmode=require' }, ['db 6000']],
  [{ url: 'postgres://u@[2001:db8::1]:6000/x' }, ['2001:db8::1 6000']],
  [{ url: 'postgres://u@one,two:6000,[::1]/x' }, ['one 5432', 'two 6000', '::1 5432']],
  [{ url: 'postgres://u@localhost/x?host=/run/p' }, ['/run/p/.s.PGSQL.5432']],
  [{ url: 'postgres://u@localhost:6000/x?host=%2Frun%2Fp' }, ['/run/p/.s.PGSQL.6000']],
])('%j names its servers', async (target, names) => {
  expect(await tried(new DatabaseServers(target))).toEqual(names);
});

test('user, password, database and settings of a URL are decoded, and what is for the client is not sent', async () => {
  const servers = new DatabaseServers({
    url: 'postgres://a%40b:p%3Aw:%25@db/my%20mail?sslmode=disable&target_session_attrs=read-write&work_mem=8MB',
  });
  expect(await servers.try(async (server) => server)).toMatchObject({
    user: 'a@b',
    password: 'p:w:%',
    database: 'my mail',
    tls: null,
    parameters: { work_mem: '8MB' },
  });
});

test('the server that worked last is tried first', async () => {
  const servers = new DatabaseServers({ url: 'postgres://u@one,two,three/x' });
  expect(await tried(servers, 'two 5432')).toEqual(['one 5432', 'two 5432']);
  expect(await tried(servers, 'one 5432')).toEqual(['two 5432', 'three 5432', 'one 5432']);
  expect(await tried(servers, 'one 5432')).toEqual(['one 5432']);
});

test('the failure of the first server is told if none works', async () => {
  const servers = new DatabaseServers({ url: 'postgres://u@one,two/x' });
  const open = async (server: DatabaseServer) => {
    throw new Error(nameOf(server));
  };
  await expect(servers.try(open)).rejects.toThrow('one 5432');
});

/** What becomes of a first statement. */
async function ask(url: string): Promise<string> {
  const database = openDatabase({ url }, { applicationName: 'servers test', maxConnections: 1 });
  try {
    await database.sql`select 1`;
    return 'answered';
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? 'no code';
  } finally {
    await database.close();
  }
}

test('sslmode says how far the server is trusted', async () => {
  // Its certificate names 127.0.0.1, and not this address.
  await using elsewhere = await startTlsServer(storage.target, '127.0.0.2');
  await using here = await startTlsServer(storage.target);
  const [there, nearby] = [elsewhere, here].map(({ target }) => target.url.replace(/sslmode=.*/, 'sslmode=')) as [
    string,
    string,
  ];
  const file = `&sslrootcert=${encodeURIComponent(here.caFile)}`;
  expect({
    require: await ask(`${there}require`),
    requireOfAuthority: await ask(`${there}require${file}`),
    requireOfUnknown: await ask(`${there}require&sslrootcert=system`),
    verifyCa: await ask(`${there}verify-ca${file}`),
    verifyCaOfUnknown: await ask(`${there}verify-ca`),
    verifyFull: await ask(`${nearby}verify-full${file}`),
    verifyFullOfAnother: await ask(`${there}verify-full${file}`),
    verifyFullOfUnknown: await ask(`${nearby}verify-full&sslrootcert=system`),
    fileThatIsNone: await ask(`${nearby}verify-full&sslrootcert=/nonexistent.pem`),
  }).toEqual({
    require: 'answered',
    requireOfAuthority: 'answered',
    requireOfUnknown: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    verifyCa: 'answered',
    verifyCaOfUnknown: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    verifyFull: 'answered',
    verifyFullOfAnother: 'ERR_TLS_CERT_ALTNAME_INVALID',
    verifyFullOfUnknown: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    fileThatIsNone: 'ENOENT',
  });
});

import { openDirectory } from '@postel/directory';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { formatDkimRecord } from '@postel/message-auth';
import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import { expect, test } from 'vitest';
import { dkimRecordName, lookForDkimKeys } from './dkim-in-dns.ts';

async function startDirectory() {
  const stack = new AsyncDisposableStack();
  const { target } = stack.use(await createTestDatabase());
  const database = openDatabase(target, { applicationName: 'domain records test', maxConnections: 2 });
  stack.defer(() => database.close());
  const directory = openDirectory(database).as({ type: 'server', task: 'test' });
  stack.defer(() => directory.close());
  return { directory, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('keys sign once the DNS has them, each by itself', async () => {
  await using server = await startDirectory();
  const { dkimKeys, addDomain } = server.directory;
  await addDomain('example.com');
  const [ed, rsa] = await dkimKeys.list('example.com');
  if (ed === undefined || rsa === undefined) throw new Error('the domain has no keys');
  const look = async (zone: Readonly<Record<string, ScriptedName>>) =>
    (await lookForDkimKeys(new ScriptedResolver(zone), dkimKeys, 'example.com')).map(
      ({ key, state }) => `${key.algorithm} ${state} ${key.state}`,
    );

  expect(await look({})).toEqual(['ed25519 missing made', 'rsa missing made']);
  expect(await look({ [dkimRecordName(ed)]: 'temporary', [dkimRecordName(rsa)]: 'bogus' })).toEqual([
    'ed25519 unknown made',
    'rsa unknown made',
  ]);
  const other = formatDkimRecord(ed.subjectPublicKeyInfo);
  expect(await look({ [dkimRecordName(rsa)]: { TXT: [other] } })).toEqual([
    'ed25519 missing made',
    'rsa different made',
  ]);

  const published = { TXT: [formatDkimRecord(rsa.subjectPublicKeyInfo)] };
  expect(await look({ [dkimRecordName(rsa)]: published })).toEqual(['ed25519 missing made', 'rsa published active']);
  expect(await look({ [dkimRecordName(rsa)]: published })).toEqual(['ed25519 missing made']);

  // The next one waits although it is there: others may still ask name servers that do not have it.
  const next = await dkimKeys.add('example.com', 'rsa');
  const nextOne = { TXT: [formatDkimRecord(next.subjectPublicKeyInfo)] };
  expect(await look({ [dkimRecordName(next)]: nextOne })).toEqual(['ed25519 missing made', 'rsa published made']);
});

import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { CommandRunner } from '../testing/command-runner.ts';

let postel: OwnPostel;
let database: Database;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  database = openDatabase(postel.database, { applicationName: 'held test', maxConnections: 1 });
});
afterAll(async () => {
  await database.close();
  await postel[Symbol.asyncDispose]();
});

const run = (line: string) => new CommandRunner(postel).run(`held ${line}`);
const said = (line: string) => new CommandRunner(postel).said(`held ${line}`);

async function hold(account: string, releaseAt: string): Promise<string> {
  const { sql } = database;
  const id = randomUUID();
  await sql`
    insert into held_messages (account_id, message_id, release_at, request, reverse_path, size_octets)
    select account_id, ${id}::uuid, ${new Date(releaseAt)}, 'for;60', 'ann@localhost', 2000 from accounts where name = ${account}`;
  await sql`
    insert into held_copies (account_id, message_id, copy, recipient_id, system_flags, prefix, forward_path, protocol)
    select account_id, ${id}::uuid, copy, account_id, 0, '', 'bob' || copy || '@localhost', 'ESMTP'
      from accounts, generate_series(1, 2) as copy where name = ${account}`;
  await sql`
    insert into held_contents (account_id, message_id, chunk, octets)
    select account_id, ${id}::uuid, 0, 'x' from accounts where name = ${account}`;
  return id;
}

test('what is held is listed, and taken back if its release has not begun', async () => {
  expect(await said('list')).toBe('None.\n');
  const later = await hold('other', '2127-06-30T18:30:00');
  const sooner = await hold('postel', '2127-01-01T00:00:00');
  const begun = await hold('other', '2127-01-02T00:00:00');
  await database.sql`update held_messages set released_at = now() where message_id = ${begun}::uuid`;
  const listed = await said('list');
  expect(listed.split('\n').map((line) => line.slice(0, 8))).toEqual([
    'MESSAGE ',
    sooner.slice(0, 8),
    begun.slice(0, 8),
    later.slice(0, 8),
    '',
  ]);
  const some = await run('list --limit 2');
  expect(some.stdout.split('\n').map((line) => line.slice(0, 8))).toEqual([
    'MESSAGE ',
    sooner.slice(0, 8),
    begun.slice(0, 8),
    '',
  ]);
  expect(some.stderr).toBe('There may be more: --limit 4\n');
  expect(listed).toMatch(/ other +2127-06-30 18:30 +ann@localhost +bob1@localhost and 1 more +2 kB\n/);
  expect(JSON.parse(await said('list postel --json'))).toMatchObject({ id: sooner, account: 'postel', copies: 2 });

  const unasked = await run('cancel other');
  expect(unasked.code).not.toBe(0);
  expect(await said(`cancel other --message ${sooner} --yes`)).toBe('None.\n');
  expect(await said(`cancel postel --message ${sooner.slice(0, 8)} --yes`)).toMatch(/\nTook back 1 message\.\n$/);
  expect(await said('cancel other --yes')).toMatch(/\nTook back 1 message\.\n$/);
  for (const table of ['held_messages', 'held_copies', 'held_contents']) {
    const left = await database.sql`select distinct message_id as id from ${database.sql(table)}`;
    expect(left).toEqual([{ id: begun }]);
  }
});

test('an account that is none, and an id that is none, are told', async () => {
  expect((await run('list nobody')).stderr).toContain('There is no account "nobody".');
  expect(await run('cancel other --message x')).toMatchObject({ code: 2 });
});

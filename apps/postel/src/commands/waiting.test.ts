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
  database = openDatabase(postel.database, { applicationName: 'waiting test', maxConnections: 1 });
});
afterAll(async () => {
  await database.close();
  await postel[Symbol.asyncDispose]();
});

const run = (line: string) => new CommandRunner(postel).run(`waiting ${line}`);
const said = (line: string) => new CommandRunner(postel).said(`waiting ${line}`);

async function keep(account: string): Promise<string> {
  const id = randomUUID();
  await database.sql`
    insert into waiting_deliveries (account_id, delivery_id, system_flags, internal_date, prefix, reverse_path, forward_path, protocol,
                                    next_attempt_at, attempts, last_failure, size_octets)
    select account_id, ${id}::uuid, 0, now(), '', 'ann@example.com', 'team@localhost', 'ESMTP', now() + interval '1 hour', 3, '452 4.2.2', 2000
      from accounts where name = ${account}`;
  await database.sql`
    insert into waiting_contents (account_id, delivery_id, chunk, octets)
    select account_id, ${id}::uuid, 0, 'x' from accounts where name = ${account}`;
  return id;
}

test('what waits is listed, tried anew, and dropped', async () => {
  expect(await said('list')).toBe('None.\n');
  const ids = [await keep('other'), await keep('other'), await keep('postel')];
  expect(await said('list')).toMatch(
    /^ACCOUNT +COPIES +SIZE +SINCE\nother +2 +4 kB +\d{4}-\d\d-\d\d \d\d:\d\d\npostel +1 +2 kB +\S+ \S+\n$/,
  );
  expect(await run('list --limit 1')).toMatchObject({
    stdout: expect.stringMatching(/^ACCOUNT[^\n]+\nother [^\n]+\n$/),
    stderr: 'There may be more: --limit 2\n',
  });
  expect((await run('list other --limit 1')).stdout.split('\n')).toHaveLength(3);
  const [first = ''] = ids;
  expect(await said('list other')).toMatch(
    new RegExp(`^COPY.*\n${first.slice(0, 8)} .* ann@example\\.com +team@localhost +2 kB +3 +452 4\\.2\\.2\n[^\n]+\n$`),
  );
  const listed = (await said('list other --json')).trim().split('\n');
  expect(listed.map((line) => JSON.parse(line))).toMatchObject(
    ids.slice(0, 2).map((id) => ({ id, account: 'other', sender: null, sizeOctets: 2_000 })),
  );

  expect(await said(`retry other --copy ${first.slice(0, 8)}`)).toBe('Trying 1 copy anew.\n');
  const due = await database.sql`select delivery_id as id from waiting_deliveries where next_attempt_at <= now()`;
  expect(due).toEqual([{ id: first }]);
  expect(await said('retry --all')).toBe('Trying 3 copies anew.\n');

  const unasked = await run('drop other');
  expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('say --yes') });
  expect(await said(`drop other --copy ${first} --yes`)).toMatch(/\nRemoved 1 copy\.\n$/);
  expect(await said('drop --all --yes')).toMatch(/\nRemoved 2 copies\.\n$/);
  expect(await said('drop --all --yes')).toBe('None.\n');
  expect(await database.sql`select from waiting_contents`).toHaveLength(0);
});

test.each([
  ['list --limit 0', 2, '--limit takes a number from 1 to 10000'],
  ['list nobody', 1, 'There is no account "nobody"'],
  ['retry', 2, 'account missing'],
  ['drop --all --copy 01234567', 2, '--all is without --copy'],
  ['drop other --copy 123', 2, '--copy takes what the list shows'],
])('waiting %s is refused', async (line, code, message) => {
  const answer = await run(line);
  expect(answer.stderr).toContain(message);
  expect(answer.code).toBe(code);
});

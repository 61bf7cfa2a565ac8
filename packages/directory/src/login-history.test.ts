import type { AccountId } from '@postel/storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetOldLogins } from './attempt-rows.ts';
import { BY_IMAP, startDirectory } from './directory-for-tests.ts';
import type { AuthenticatedAccount, LoginContext } from './login.ts';
import { type EndedAttempt, LoginHistory } from './login-history.ts';

const password = 'tanstaaftanstaaf';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ALL = { accountName: null, onlyFailed: false, since: new Date(0), limit: 1_000 } as const;

let server: Awaited<ReturnType<typeof startDirectory>>;
beforeAll(async () => {
  server = await startDirectory();
  for (const name of ['mary', 'john', 'gone']) {
    await server.directory.addAccount({ name, address: `${name}@example.com`, password });
  }
});
afterAll(() => server[Symbol.asyncDispose]());

const from = (clientAddress: string): LoginContext => ({ ...BY_IMAP, clientAddress });

/** A process with a clock that tests move. */
function startHistory(hourlyRows = { ofRegion: 5, ofFailures: 20, ofAccount: 3 }) {
  const clock = { ms: Date.UTC(2026, 10, 1, 12) };
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  return { clock, errors, history: new LoginHistory({ sql: server.sql, onError, now: () => clock.ms, hourlyRows }) };
}

const failed = (clientAddress: string, loginName: string): EndedAttempt => ({
  context: from(clientAddress),
  mechanism: 'PLAIN',
  loginName,
  account: null,
  outcome: 'wrong-credentials',
  program: null,
});

async function countRows(where: string): Promise<{ rows: number; attempts: number }> {
  const [found] = await server.sql.unsafe<{ rows: number; attempts: number }[]>(
    `select count(*)::int as rows, coalesce(sum(count), 0)::int as attempts from login_attempts where ${where}`,
  );
  if (found === undefined) throw new Error('no row');
  return found;
}

test('a login is told with all that is known of it', async () => {
  const { directory } = server;
  const context: LoginContext = { ...from('192.0.2.1'), unknownKey: 'finger' };
  directory.recordUnknownKey(context);
  const attempt = directory.beginLogin(context, 'PLAIN');
  const account = await attempt.verifyPassword('Mary@example.com', password);
  attempt.settle('success', account);
  attempt.nameProgram('Post 1.0\r\n\u202e');
  const wrong = directory.beginLogin(from('2001:db8::1'), 'SCRAM-SHA-256');
  wrong.nameProgram('early');
  await wrong.findScramCredentials('mary', 'sha256');
  wrong.settle('credentials');
  const cancelled = directory.beginLogin(from('192.0.2.2'), 'LOGIN');
  cancelled.settle('cancelled');
  await directory.close();

  const common = {
    service: 'imap',
    tlsVersion: 'TLSv1.3',
    count: 1,
    firstAt: expect.any(Date),
    lastAt: expect.any(Date),
  };
  const none = { credentialKind: null, credentialName: null, keyFingerprint: null, program: null, loginName: null };
  const success = {
    ...common,
    accountName: 'mary',
    loginName: 'Mary@example.com',
    from: '192.0.2.1',
    mechanism: 'PLAIN',
    credentialKind: 'password',
    credentialName: null,
    keyFingerprint: 'finger',
    program: 'Post 1.0???',
    outcome: 'success',
  };
  const failure = {
    ...common,
    ...none,
    accountName: 'mary',
    loginName: 'mary',
    from: '2001:db8::1',
    mechanism: 'SCRAM-SHA-256',
    program: 'early',
    outcome: 'wrong-credentials',
  };
  const nobody = { ...common, ...none, accountName: null };
  const all = await directory.listLogins(ALL);
  expect(all).toHaveLength(4);
  expect(all).toContainEqual(success);
  expect(all).toContainEqual(failure);
  expect(all).toContainEqual({ ...nobody, from: '192.0.2.2', mechanism: 'LOGIN', outcome: 'cancelled' });
  const unknownKey = { from: '192.0.2.1', mechanism: null, keyFingerprint: 'finger', outcome: 'unknown-key' };
  expect(all).toContainEqual({ ...nobody, ...unknownKey });

  const ofMary = { ...ALL, accountName: 'mary' };
  expect(await directory.listLogins(ofMary)).toHaveLength(2);
  expect(await directory.listLogins({ ...ofMary, onlyFailed: true })).toEqual([failure]);
  expect(await directory.listLogins({ ...ofMary, limit: 1 })).toHaveLength(1);
  expect(await directory.listLogins({ ...ofMary, since: new Date(Date.now() + HOUR_MS) })).toEqual([]);
  expect(await directory.listLogins({ ...ALL, accountName: 'john' })).toEqual([]);
  await expect(directory.listLogins({ ...ALL, accountName: 'nobody' })).rejects.toMatchObject({
    kind: 'no-such-account',
  });
});

test('attempts that are alike are one row an hour, over all processes', async () => {
  const [one, other] = [startHistory(), startHistory()];
  for (const { history, clock } of [one, other]) {
    for (let i = 0; i < 10; i++) history.add(failed('203.0.113.1', 'alike'));
    await history.flush({ all: false });
    clock.ms += HOUR_MS / 2;
    history.add(failed('203.0.113.1', 'alike'));
    await history.flush({ all: false });
  }
  one.clock.ms += HOUR_MS;
  one.history.add(failed('203.0.113.1', 'alike'));
  await one.history.flush({ all: false });
  const rows = await server.sql`
    select count, first_at, last_at from login_attempts where login_name = 'alike' order by first_at`;
  const noon = Date.UTC(2026, 10, 1, 12);
  expect(rows).toEqual([
    { count: 22, first_at: new Date(noon), last_at: new Date(noon + HOUR_MS / 2) },
    { count: 1, first_at: new Date(noon + 1.5 * HOUR_MS), last_at: new Date(noon + 1.5 * HOUR_MS) },
  ]);
});

test('a flood of random names and addresses leaves a bounded number of rows, and every attempt is in one', async () => {
  const { history, clock } = startHistory();
  clock.ms += DAY_MS;
  const start = new Date(clock.ms);
  for (let i = 0; i < 500; i++) history.add(failed(`198.18.0.${i % 250}`, `random${Math.random()}`));
  await history.flush({ all: false });
  const today = `first_at = '${start.toISOString()}'`;
  expect(await countRows(today)).toEqual({ rows: 6, attempts: 500 });
  expect(await countRows(`${today} and client_address = '198.18.0.0/21'`)).toEqual({ rows: 1, attempts: 495 });

  for (let i = 0; i < 1_000; i++) history.add(failed(`198.${20 + (i % 200)}.0.1`, `random${Math.random()}`));
  await history.flush({ all: false });
  expect(await countRows(today)).toEqual({ rows: 22, attempts: 1_500 });
  expect(await countRows(`${today} and client_address is null`)).toEqual({ rows: 1, attempts: 985 });

  clock.ms += HOUR_MS;
  history.add(failed('198.18.0.1', 'another hour'));
  await history.flush({ all: false });
  expect(await countRows(`login_name = 'another hour'`)).toEqual({ rows: 1, attempts: 1 });
});

test('an account that calls its program something else each time has a bounded number of rows', async () => {
  const { history, clock } = startHistory();
  clock.ms += 2 * DAY_MS;
  const [john] = await server.sql<{ accountId: AccountId }[]>`
    select account_id as "accountId" from accounts where name = 'john'`;
  if (john === undefined) throw new Error('no john');
  const account: AuthenticatedAccount = {
    ...john,
    name: 'john',
    loginAddress: null,
    credential: { type: 'app-password', credentialId: 1, name: 'phone' },
    expiresAt: null,
  };
  for (let i = 0; i < 50; i++) {
    history.add({ ...failed('192.0.2.1', 'john'), account, outcome: 'success', program: `program ${i}` });
  }
  await history.flush({ all: false });
  const ofJohn = `account_id = ${john.accountId} and outcome = 'success'`;
  expect(await countRows(ofJohn)).toEqual({ rows: 4, attempts: 50 });
  expect(await countRows(`${ofJohn} and credential_name = 'phone'`)).toEqual({ rows: 3, attempts: 3 });
});

test('what the database does not take is offered again', async () => {
  const { sql } = server;
  let isAway = true;
  const begin: typeof sql.begin = (work, options) =>
    isAway ? Promise.reject(new Error('away')) : sql.begin(work, options);
  const breakable = Object.assign(sql.bind(null), {
    unsafe: sql.unsafe,
    octetRows: sql.octetRows,
    read: sql.read,
    begin,
  });
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const history = new LoginHistory({ sql: breakable, onError, now: () => Date.now() });
  for (let i = 0; i < 3; i++) {
    history.add(failed('192.0.2.77', 'offered again'));
    await history.flush({ all: true });
  }
  expect(errors).toHaveLength(3);
  isAway = false;
  await history.flush({ all: true });
  expect(await countRows(`login_name = 'offered again'`)).toEqual({ rows: 1, attempts: 3 });
});

test('a login waits for its program, but not for ever', async () => {
  const { history, clock } = startHistory();
  clock.ms += 3 * DAY_MS;
  const named = history.add({ ...failed('192.0.2.9', 'named'), outcome: 'success' });
  const silent = history.add({ ...failed('192.0.2.9', 'silent'), outcome: 'success' });
  await history.flush({ all: false });
  expect(await countRows(`client_address = '192.0.2.9'`)).toEqual({ rows: 0, attempts: 0 });
  named('Post');
  await history.flush({ all: false });
  expect(await countRows(`client_address = '192.0.2.9' and program = 'Post'`)).toEqual({ rows: 1, attempts: 1 });
  clock.ms += 2_000;
  await history.flush({ all: false });
  silent('too late');
  await history.flush({ all: true });
  expect(await countRows(`login_name = 'silent' and program is null`)).toEqual({ rows: 1, attempts: 1 });
});

test.for([
  ['a NUL and an escape', 'a\0b\x1b[2J', 'a?b?[2J'],
  ['half a character', 'a\ud800b', 'a?b'],
  ['what turns text around', 'a\u202eb\u2028', 'a?b?'],
  ['quotes and backslashes', `a"b\\'{}`, `a"b\\'{}`],
  ['too much', 'x'.repeat(10_000), 'x'.repeat(255)],
  ['too much of what takes two units', '😀'.repeat(300), '😀'.repeat(255)],
])('a name may hold %s', async ([, given = '', kept = '']) => {
  const { history, errors } = startHistory();
  history.add(failed('192.0.2.33', given));
  await history.flush({ all: false });
  expect(errors).toEqual([]);
  const rows = await server.sql`
    select login_name from login_attempts where login_name = ${kept} and client_address = '192.0.2.33'`;
  expect(rows).toHaveLength(1);
});

test('what is old goes, of failures also what is too much; a removed account takes its history along', async () => {
  const { directory, sql } = server;
  const { signal } = new AbortController();
  await sql`delete from login_attempts`;
  const { history, clock } = startHistory();
  clock.ms = Date.now() - 40 * DAY_MS;
  history.add(failed('192.0.2.1', 'old'));
  await history.flush({ all: true });
  clock.ms = Date.now() - DAY_MS;
  history.add({ ...failed('192.0.2.1', 'mary'), outcome: 'success' });
  for (let i = 0; i < 5; i++) {
    history.add(failed(`192.0.2.${i}`, i === 4 ? 'gone' : `new ${i}`));
    clock.ms++;
  }
  await history.flush({ all: true });
  await sql`
    insert into login_failures values ('192.0.2.1/32', now() - interval '1 s', now(), null),
                                      ('192.0.2.2/32', now() + interval '1 h', now(), null),
                                      ('192.0.2.3/32', now() - interval '1 s', now(), now() - interval '24 h'),
                                      ('192.0.2.4/32', now() - interval '1 s', now(), now() - interval '26 h')`;

  const before = new Date(Date.now() - 30 * DAY_MS);
  expect(await forgetOldLogins(sql, { before, mostFailures: 10, signal })).toEqual({ attempts: 1, counts: 2 });
  expect(await forgetOldLogins(sql, { before, mostFailures: 3, signal })).toEqual({ attempts: 2, counts: 0 });
  const left = await directory.listLogins(ALL);
  expect(left.map(({ loginName }) => loginName)).toEqual(['gone', 'new 3', 'new 2', 'mary']);
  await directory.removeAccount('gone');
  expect(await directory.listLogins(ALL)).toHaveLength(3);
});

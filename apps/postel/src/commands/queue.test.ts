import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { addHoldRule, listHoldRules, listSuppressions, Queue, removeHoldRule, TlsMemory } from '@postel/queue';
import { type Database, openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

let postel: OwnPostel;
let database: Database;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  database = openDatabase(postel.database, { applicationName: 'queue test', maxConnections: 1 });
});
afterAll(async () => {
  await database.close();
  await postel[Symbol.asyncDispose]();
});

function queueCommand(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = [LAUNCHER, '--data', postel.dataDirectory, 'queue', ...line.split(' ')];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function put(names: readonly string[], domain = 'example.org'): Promise<Queue> {
  const queue = new Queue(database);
  const octets = Buffer.from('Subject: x\r\n\r\n');
  const content = {
    sizeOctets: octets.length,
    headerOctets: octets.length,
    async *read() {
      yield octets;
    },
  };
  const said = {
    isUtf8: false,
    requiresTls: false,
    envelopeId: null,
    returnContent: null,
    submitter: null,
    releaseRequest: null,
  };
  await queue.keep(content, {
    name: 'test-1',
    account: null,
    envelope: { reversePath: 'mary@example.com', ...said },
    mayBeBinary: false,
    prefix: Buffer.alloc(0),
    signers: [],
    tellsSender: true,
    recipients: names.map((name) => ({
      forwardPath: `${name}@${domain}`,
      notify: null,
      originalRecipient: null,
      alias: null,
      listFields: '',
    })),
    waitMs: 3_600_000,
    releaseAt: null,
  });
  return queue;
}

test('what waits is listed, held, released, tried and dropped; what is in hand is left alone', async () => {
  expect((await queueCommand('list')).stdout).toBe('None.\n');
  const queue = await put(['bob', 'ann']);
  const state = async () => {
    const { stdout } = await queueCommand('list --all --json');
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).state);
  };
  expect((await queueCommand('list')).stdout).toMatch(/\n1 +mary@example\.com +bob@example\.org +waiting/);
  expect((await queueCommand('hold 1')).stdout).toBe('1: held\n');
  expect(await state()).toEqual(['held', 'waiting']);
  await queueCommand('retry 2');
  const [taken] = await queue.take(10, []);
  expect(taken?.forwardPath).toBe('ann@example.org');
  expect(await queueCommand('drop 1')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--yes') });
  expect(await state()).toEqual(['held', 'waiting']);
  const refused = await queueCommand('drop 1 2 7 --yes');
  expect([refused.code, refused.stdout]).toEqual([1, '1: dropped\n']);
  expect(refused.stderr).toContain('2, 7');
  await queue.giveBack(taken === undefined ? [] : [taken]);
  expect((await queueCommand('drop 2 --yes')).code).toBe(0);
  expect(await state()).toEqual(['dropped', 'dropped']);
  expect(await database.sql`select from queue_contents`).toHaveLength(0);
  expect((await queueCommand('retry x')).stderr).toContain('"x" is no number');
});

test('servers that had TLS and have none any more are listed, and forgotten', async () => {
  expect((await queueCommand('tls list')).stdout).toBe('None.\n');
  const memory = new TlsMemory(database.sql);
  for (const host of ['mx.example.org', 'mx.example.net']) await memory.seen(host, Buffer.alloc(32));
  expect((await queueCommand('tls list')).stdout).toBe('None.\n');
  await memory.missing('mx.example.org', 'it offers none');
  expect((await queueCommand('tls list')).stdout).toMatch(/\nmx\.example\.org +missing since .* it offers none\n$/);
  const all = (await queueCommand('tls list --all --json')).stdout.trim().split('\n');
  expect(all.map((line) => JSON.parse(line).host)).toEqual(['mx.example.org', 'mx.example.net']);
  expect(await queueCommand('tls forget mx.example.org')).toMatchObject({ code: 1, stdout: '' });
  const forgotten = await queueCommand('tls forget MX.example.org mx.example.com --yes');
  expect(forgotten).toMatchObject({ code: 1, stdout: 'mx.example.org: forgotten\n' });
  expect(forgotten.stderr).toContain('Not known to have had TLS: mx.example.com');
  expect((await queueCommand('tls list')).stdout).toBe('None.\n');
  expect((await queueCommand('tls forget')).code).toBe(2);
});

test('one is shown with what was done and tried, and given up', async () => {
  const queue = await put(['cid'], 'show.example');
  const [{ id } = { id: 0 }] = await database.sql<{ id: number }[]>`
    select recipient_id as id from queue_recipients where domain = 'show.example'`;
  await queueCommand(`retry ${id}`);
  const [recipient] = await queue.take(10, []);
  if (recipient === undefined) throw new Error('nothing is due');
  const outcome = { type: 'deferred', pauseMs: 3_600_000, tellsDelay: false } as const;
  await queue.settle(
    [
      {
        recipient,
        outcome,
        status: '4.7.1',
        reply: '451 4.7.1 Greylisted',
        mta: 'mx.show.example',
        route: 'direct',
        members: [],
      },
    ],
    [],
  );
  await queueCommand(`hold ${id}`);
  const { stdout } = await queueCommand(`show ${id}`);
  expect(stdout).toMatch(/\nto: +cid@show\.example\n/);
  expect(stdout).toMatch(
    /\n\n.{16} {2}retried\n\n.{16} {2}deferred 4\.7\.1 by mx\.show\.example; again .{16}\n {4}451 4\.7\.1 Greylisted\n\n.{16} {2}held\n$/,
  );
  expect(JSON.parse((await queueCommand(`show ${id} --json`)).stdout)).toMatchObject({
    id,
    state: 'held',
    attempts: 1,
  });
  expect((await queueCommand('show 999')).stderr).toContain('There is no 999');
  expect((await queueCommand(`fail ${id}`)).stdout).toBe(`${id}: given up\n`);
  expect(await queue.take(10, [])).toMatchObject([{ id, ending: 'the postmaster gave it up' }]);
});

test('rules hold what waits and what comes, until they are removed', async () => {
  const states = async () => {
    const rows = await database.sql<{ state: string }[]>`
      select state from queue_recipients where domain = 'xn--hld-sna.example' order by recipient_id`;
    return rows.map(({ state }) => state);
  };
  await put(['bob'], 'höld.example');
  expect((await queueCommand('hold-rule add --domain HÖLD.example --reason why')).stdout).toContain('1 recipient');
  await put(['ann'], 'höld.example');
  expect(await states()).toEqual(['held', 'held']);
  expect((await queueCommand('hold-rule list')).stdout).toMatch(/\ndomain +xn--hld-sna\.example .* 2 +why\n/);
  expect((await queueCommand('hold-rule rm --domain höld.example')).stdout).toBe(
    'Removed, and 2 recipients released.\n',
  );
  expect(await states()).toEqual(['waiting', 'waiting']);
});

test('a rule is for a sender, a domain or an account that there is', async () => {
  expect((await queueCommand('hold-rule rm --domain höld.example')).code).toBe(1);
  expect((await queueCommand('hold-rule add --account nobody')).stderr).toContain('no account nobody');
  expect((await queueCommand('hold-rule add')).stderr).toContain('One of --sender');
});

test('rules for senders and for accounts hold theirs alone', async () => {
  const { sql } = database;
  const [account] = await sql<{ id: number; name: string }[]>`select account_id as id, name from accounts limit 1`;
  await addHoldRule(sql, { kind: 'sender', value: 'Mary@example.com' }, '');
  await put(['joe'], 'sender.example');
  expect(await removeHoldRule(sql, { kind: 'sender', value: 'mary@EXAMPLE.com' })).toBeGreaterThan(0);
  const rule = { kind: 'account', value: account?.name ?? '' } as const;
  expect(await addHoldRule(sql, rule, '')).toBe(0);
  await sql`update queue_messages set account_id = ${account?.id ?? 0} where reverse_path = 'mary@example.com'`;
  expect(await addHoldRule(sql, rule, '')).toBeGreaterThan(0);
  expect(await listHoldRules(sql)).toMatchObject([rule]);
  await removeHoldRule(sql, rule);
});

test('nothing is sent to an address on the list, in whatever case', async () => {
  expect((await queueCommand('suppress add Bob@Example.ORG --reason unwanted')).code).toBe(0);
  expect((await queueCommand('suppress list')).stdout).toMatch(/\nbob@example\.org .* unwanted\n/);
  const queue = await put(['BOB', 'ann']);
  await database.sql`update queue_recipients set next_attempt_at = now() where domain = 'example.org' and state = 'waiting'`;
  const { sql } = database;
  await sql`update queue_recipients set next_attempt_at = now() + interval '1 hour' where domain <> 'example.org'`;
  const taken = await queue.take(10, []);
  expect(taken.map(({ forwardPath, ending }) => [forwardPath, ending])).toEqual([
    ['BOB@example.org', 'unwanted'],
    ['ann@example.org', null],
  ]);
  await queue.giveBack(taken, 60_000);
  expect((await queueCommand('suppress rm bob@example.org')).code).toBe(0);
  expect(await listSuppressions(sql)).toEqual([]);
});

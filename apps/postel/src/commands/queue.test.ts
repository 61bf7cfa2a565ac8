import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Queue, TlsMemory } from '@postel/queue';
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

test('what waits is listed, held, released, tried and dropped; what is in hand is left alone', async () => {
  expect((await queueCommand('list')).stdout).toBe('None.\n');
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
    recipients: ['bob', 'ann'].map((name) => ({
      forwardPath: `${name}@example.org`,
      notify: null,
      originalRecipient: null,
      alias: null,
      listFields: '',
    })),
    waitMs: 3_600_000,
    releaseAt: null,
  });
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
  const refused = await queueCommand('drop 1 2 7');
  expect([refused.code, refused.stdout]).toEqual([1, '1: dropped\n']);
  expect(refused.stderr).toContain('2, 7');
  await queue.giveBack(taken === undefined ? [] : [taken]);
  expect((await queueCommand('drop 2')).code).toBe(0);
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
  const forgotten = await queueCommand('tls forget MX.example.org mx.example.com');
  expect(forgotten).toMatchObject({ code: 1, stdout: 'mx.example.org: forgotten\n' });
  expect(forgotten.stderr).toContain('Not known to have had TLS: mx.example.com');
  expect((await queueCommand('tls list')).stdout).toBe('None.\n');
  expect((await queueCommand('tls forget')).code).toBe(2);
});

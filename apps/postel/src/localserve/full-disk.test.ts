/** Hardening 65 and 68: the supervisor and its Postgres on a disk that fills. */
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openDatabase } from '@postel/storage';
import { hasSmallDisk, noSmallDiskNote, type OwnPostel, SmallDisk, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ask } from '../fixtures/ask.ts';
import { SERVE_LINE_APP } from '../fixtures/scripts.ts';

const MB = 1024 * 1024;
const DISK_OCTETS = 300 * MB;

test.skipIf(!hasSmallDisk)(
  `hardening 68: Postgres that ends on a full disk waits for room, and the rest goes on${noSmallDiskNote}`,
  { timeout: 90_000 },
  async () => {
    using disk = new SmallDisk(DISK_OCTETS);
    const dataDirectory = join(disk.path, 'data');
    await using postel = await startPostel({ dataDirectory, script: SERVE_LINE_APP });
    const { supervisor } = postel.pids;
    disk.fillUp();
    await writeUntilItEnds(postel);
    await postel.process.printed(/the disk of .* has 0 MB free, and the database needs \d+ MB to start: make room/);
    disk.fillUp(); // the ballast takes what Postgres left
    const restarts = await restartsOf(postel, 'postgres');

    // An app that dies now is started again, though run.json cannot be written.
    process.kill(postel.pids.apps['line-app'] ?? 0, 'SIGKILL');
    await postel.process.printed(/cannot write .*run\.json: ENOSPC/);
    await postel.process.printed(/line-app works again/);
    expect(await ask(postel.ports.imap, 'hello')).toContain('hello');
    expect((await http(postel, '/healthz')).status).toBe(503);
    expect(await restartsOf(postel, 'postgres')).toBe(restarts);

    disk.empty();
    await postel.process.printed(/the database works again/);
    // The question to the database may go by a connection of before.
    await expect.poll(async () => (await http(postel, '/healthz')).status, { timeout: 30_000 }).toBe(200);
    expect(postel.process.output.match(/make room/g)).toHaveLength(1);
    // run.json is tried again until it can be written.
    const appPid = Number((await ask(postel.ports.imap, 'hello')).split(' ')[0]);
    while (postel.pids.apps['line-app'] !== appPid) await new Promise(setImmediate);
    expect(postel.pids.supervisor).toBe(supervisor);
    await postel.stop();

    disk.fillUp();
    const refused = startPostel({ dataDirectory, script: SERVE_LINE_APP });
    await expect(refused).rejects.toThrow(/Make room, and start Postel again/);
    disk.empty();
    await using again = await startPostel({ dataDirectory, script: SERVE_LINE_APP });
    expect(await ask(again.ports.imap, 'hello')).toContain('hello');
  },
);

/** Fills file after file of Postgres's log, until it finds no room for the next and ends. */
async function writeUntilItEnds(postel: OwnPostel): Promise<void> {
  const database = openDatabase(postel.database, { applicationName: 'test', maxConnections: 1 });
  const died = postel.process.printed(/the database died/);
  let hasDied = false;
  void died.then(() => (hasDied = true));
  while (!hasDied) {
    await database.sql`select pg_logical_emit_message(true, 'test', 'x'), pg_switch_wal()`.catch(() => {});
  }
  await database.close();
}

async function restartsOf(postel: OwnPostel, name: string): Promise<string | undefined> {
  const { body } = await http(postel, '/metrics');
  return new RegExp(`^postel_process_restarts_total{process="${name}"} (\\d+)`, 'm').exec(body)?.[1];
}

async function http(postel: OwnPostel, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: postel.ports.metrics, path }, async (response) => {
      resolve({ status: response.statusCode ?? 0, body: await text(response) });
    }).on('error', reject);
  });
}

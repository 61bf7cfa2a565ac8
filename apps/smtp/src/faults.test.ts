/** Hardening 15, 65 and 68: a database that goes and hangs, a disk that fills, files that run out. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DiskReserve } from '@postel/storage';
import {
  cpuSeconds,
  hasSmallDisk,
  limitOpenFiles,
  noSmallDiskNote,
  type OwnPostel,
  SmallDisk,
  startPostel,
} from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MailServer, plainResponse } from './testing/mail-server.ts';
import { startOwnServer } from './testing/own-server.ts';
import { SmtpClient } from './testing/smtp-client.ts';

let postel: OwnPostel;
let server: MailServer;
beforeAll(async () => {
  postel = await startPostel();
  server = new MailServer(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

const MB = 1024 * 1024;

test('hardening 65: while Postgres is down clients are told to try again later, and all is back with it', {
  timeout: 60_000,
}, async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using sender = await server.logIn(account);
  await using stranger = await server.connect();
  await stranger.command('EHLO client.example');
  const auth = `AUTH PLAIN ${plainResponse(account)}`;
  for (const command of [`MAIL FROM:<${account.address}>`, `RCPT TO:<${account.address}>`])
    expect(await sender.command(command)).toMatch(/^250 /);
  const { apps } = postel.pids;
  const configuration = join(postel.dataDirectory, 'postgres/postgresql.conf');
  const good = readFileSync(configuration);
  appendFileSync(configuration, '\nnonsense = here\n'); // it cannot be started again
  process.kill(postel.pids.postgres, 'SIGINT');
  await postel.process.printed(/the database died \(exit code 1\)/);
  try {
    for (let round = 0; round < 2; round++) {
      expect(await stranger.command(auth)).toMatch(/^454 4\.7\.0 /);
      expect(await mary.command(`MAIL FROM:<${account.address}>`)).toMatch(/^451 4\.3\.0 /);
    }
    expect(await sender.command(`RCPT TO:<${account.address}>`)).toMatch(/^451 4\.3\.0 /);
    expect(await sender.command('DATA')).toMatch(/^354 /);
    expect(await sender.command('Subject: one\r\n\r\nhello\r\n.')).toMatch(/^451 4\.3\.0 /);
  } finally {
    writeFileSync(configuration, good);
  }
  await postel.process.printed(/the database works again/);
  // Until the process has found out, which it does by itself.
  while (!(await stranger.command(auth)).startsWith('235 '));
  for (const client of [mary, sender, stranger]) {
    expect(await client.command(`MAIL FROM:<${account.address}>`)).toMatch(/^250 /);
    expect(await client.command(`RCPT TO:<${account.address}>`)).toMatch(/^250 /);
    expect(await client.command('DATA')).toMatch(/^354 /);
    expect(await client.command('Subject: two\r\n\r\nhello\r\n.')).toMatch(/^250 /);
  }
  expect(await server.messages(account)).toHaveLength(3);
  expect(postel.pids.apps).toEqual(apps);
});

test('hardening 65: while Postgres hangs clients hear so within seconds', { timeout: 60_000 }, async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using stranger = await server.connect();
  await stranger.command('EHLO client.example');
  const { postgres } = postel.pids;
  const children = readFileSync(`/proc/${postgres}/task/${postgres}/children`, 'utf8').trim().split(' ').map(Number);
  for (const pid of [postgres, ...children]) process.kill(pid, 'SIGSTOP');
  try {
    const [login, mail] = await Promise.all([
      // By a name that was not given a moment ago, which needs no database.
      stranger.command(`AUTH PLAIN ${plainResponse({ ...account, name: account.name.toUpperCase() })}`),
      mary.command(`MAIL FROM:<${account.address}>`),
    ]);
    expect({ login, mail }).toEqual({
      login: expect.stringMatching(/^454 4\.7\.0 /),
      mail: expect.stringMatching(/^451 4\.3\.0 /),
    });
  } finally {
    for (const pid of [postgres, ...children]) process.kill(pid, 'SIGCONT');
  }
  while (!(await mary.command(`MAIL FROM:<${account.address}>`)).startsWith('250 '));
});

test.skipIf(!hasSmallDisk)(
  `hardening 68: on a disk that is nearly full mail is refused at MAIL and after data, until there is room${noSmallDiskNote}`,
  async () => {
    using disk = new SmallDisk(32 * MB);
    const reserve = new DiskReserve({ directories: [disk.path], octets: 8 * MB });
    await using own = await startOwnServer({}, {}, { reserve });
    await using mary = await own.logIn();
    const mail = `MAIL FROM:<${own.account.address}>`;
    expect(await mary.command(`${mail} SIZE=${25 * MB}`)).toMatch(/^452 4\.3\.1 /);
    expect(await mary.command(`${mail} SIZE=1000`)).toMatch(/^250 /);
    expect(await mary.command(`RCPT TO:<${own.account.address}>`)).toMatch(/^250 /);
    expect(await mary.command('DATA')).toMatch(/^354 /);
    disk.fill(30 * MB);
    await reserve.freeOctets(); // looks now
    expect(await mary.command('Subject: one\r\n\r\nhello\r\n.')).toMatch(/^452 4\.3\.1 /);
    expect(await mary.command(mail)).toMatch(/^452 4\.3\.1 /);
    disk.empty();
    await reserve.freeOctets();
    expect(await mary.command(mail)).toMatch(/^250 /);
  },
);

test('hardening 15: a process that can open no more files closes those who come, without work, and goes on when some are free', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  const { smtp: pid = 0 } = postel.pids.apps;
  const greeted: SmtpClient[] = [];
  const isGreeted = async () => {
    const client = await SmtpClient.connect(postel.ports.submission);
    const line = await client.line();
    if (line === null) return false;
    greeted.push(client);
    return true;
  };
  {
    using _limit = limitOpenFiles(pid, 20);
    while (await isGreeted());
    expect(greeted.length).toBeGreaterThan(5);
    expect(greeted.length).toBeLessThan(40);
    for (let i = 0; i < 20; i++) expect(await isGreeted()).toBe(false);
    const before = cpuSeconds(pid);
    await delay(1_000); // what is measured is that nothing happens
    expect(cpuSeconds(pid) - before).toBeLessThan(0.3);
    expect(await mary.command('NOOP')).toMatch(/^250 /);
    for (const client of greeted.splice(0)) await client[Symbol.asyncDispose]();
    while (!(await isGreeted()));
    expect(await mary.command(`MAIL FROM:<${account.address}>`)).toMatch(/^250 /);
  }
  for (const client of greeted) await client[Symbol.asyncDispose]();
  expect(postel.pids.apps).toMatchObject({ smtp: pid });
});

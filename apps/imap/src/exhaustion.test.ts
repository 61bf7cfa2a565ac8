/** A machine that runs out of something: hardening 15, 68 and 69. */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, limitOpenFiles } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('hardening 68: on a disk that is nearly full new mail is refused, before its octets come, and all else goes on', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await using full = await server.startProcess({ reserveOctets: 2 ** 50 });
  await using client = await server.logIn(account, full.port);
  await client.dialogue`
    C: a1 APPEND INBOX {10}
    S: a1 NO [UNAVAILABLE] ...
    C: a2 APPEND INBOX {3+}
    C: abc
    S: a2 NO [UNAVAILABLE] ...
    C: a3 CREATE new
    S: a3 NO [UNAVAILABLE] ...
    C: a4 SELECT INBOX
    S: ...
    S: a4 OK ...
    C: a5 FETCH 1 (BODY[])
    S: ...
    S: a5 OK ...
    C: a6 STORE 1 +FLAGS (\Deleted)
    S: ...
    S: a6 OK ...
    C: a7 EXPUNGE
    S: * 1 EXPUNGE
    S: a7 OK ...
    C: a8 DELETE Archive
    S: a8 OK ...
  `;
  expect(full.problems.filter((line) => line.includes('the disk is nearly full'))).toHaveLength(1);
  const metrics = JSON.stringify(await full.app.metrics());
  expect(metrics).toMatch(/postel_disk_refusals_total.*?"value":3/);
  expect(metrics).toMatch(/postel_disk_free_octets.*?"value":\d{6}/);
  expect(metrics).toMatch(/postel_database_up.*?"value":1/);
});

test('hardening 15: a process that can open no more files closes those who come, without work, and goes on when some are free', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  const pid = imap.app.pid ?? 0;
  const greeted: ImapClient[] = [];
  const isGreeted = async () => {
    const client = await ImapClient.connect(imap.port);
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
    expect((await mary.command('NOOP')).tagged).toMatch(/^OK /);
    for (const client of greeted.splice(0)) await client[Symbol.asyncDispose]();
    while (!(await isGreeted()));
    expect((await mary.command('SELECT INBOX')).tagged).toMatch(/^OK /);
    await mary.append('INBOX', `Subject: blob\r\n\r\n${'x'.repeat(200_000)}`);
  }
  for (const client of greeted) await client[Symbol.asyncDispose]();
  expect(imap.app.restarts).toBe(0);
});

test('hardening 69: a process whose memory is nearly used up turns new connections away, and those it has go on', {
  timeout: 60_000,
}, async () => {
  await using imap = await server.startProcess({ heapMb: 40 });
  await using mary = await server.logIn(undefined, imap.port);
  await mary.command('SELECT INBOX');
  const clients: ImapClient[] = [];
  /** What it was told in place of a greeting, if it was turned away. */
  const come = async () => {
    const client = await ImapClient.connect(imap.port);
    const line = await client.line();
    if (line?.startsWith('* OK ') !== true) return line;
    clients.push(client);
    return null;
  };
  let told: string | null = null;
  while (told === null) told = await come();
  expect(told).toBe('* BYE [UNAVAILABLE] Too many connections, try again later');
  expect(clients.length).toBeGreaterThan(100);
  for (let i = 0; i < 500; i++) await come();
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  while ((await come()) !== null); // until the engine has collected what they left
  for (const client of [mary, ...clients]) expect((await client.command('NOOP')).tagged).toMatch(/^OK /);
  for (const client of clients) await client[Symbol.asyncDispose]();
  expect(imap.app.restarts).toBe(0);
  expect(imap.problems.some((line) => line.includes('memory is short'))).toBe(true);
});

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfiguredServer } from '../testing/configured-server.ts';

let server: ConfiguredServer;
beforeAll(async () => {
  server = await ConfiguredServer.prepare();
  await server.start();
  await server.addAccount('mary');
}, 60_000);
afterAll(() => server[Symbol.asyncDispose]());

test('status: what runs, where it listens, and what it holds', async () => {
  const { code, stdout } = await server.postel('config status');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^Postel \d+\.\d+\.\d+ in .*data: ready\n\nPROCESS +PID +UP\nsupervisor +\d+ +\d+ s\npostgres +\d+ +\d+ s\n/,
  );
  expect(stdout).toMatch(new RegExp(`^Listens: .*\\bimaps ${server.ports.imaps}\\b`, 'm'));
  expect(stdout).toMatch(/^Holds: +1 accounts, 1 domains, 0 messages, 0 B$/m);
  expect(stdout).toMatch(/^Waits: +nothing$/m);
  expect(stdout).toMatch(/^Disk: +[\d.]+ [GMk]?B of [\d.]+ [GMk]?B free at .*data$/m);

  const status = JSON.parse((await server.postel('status --json')).stdout);
  const pids: Record<string, number> = Object.fromEntries(
    status.processes.map(({ name, pid }: { name: string; pid: number }) => [name, pid]),
  );
  expect(pids).toMatchObject({
    supervisor: server.run.pid,
    'imap-1': server.pidOf('imap-1'),
    smtp: server.pidOf('smtp'),
  });
  for (const { startedAt } of status.processes) expect(Math.abs(Date.now() - startedAt)).toBeLessThan(300_000);
  expect(status).toMatchObject({ isReady: true, counts: { accounts: 1, queued: 0, waiting: 0, held: 0 } });
});

test('loglevels: in the file and in the processes at once, and no process is replaced', async () => {
  writeFileSync(server.file, `# the first line\n${readFileSync(server.file, 'utf8')}`);
  expect((await server.postel('config loglevels')).stdout).toBe('info\n');
  const { mode } = statSync(server.file);
  const pid = server.pidOf('smtp');
  const set = await server.postel('config loglevels debug');
  expect(set).toMatchObject({ code: 0, stdout: `${server.file}: logLevel is debug now.\n` });
  await server.process.printed(/the new configuration is in force/);
  expect(server.pidOf('smtp')).toBe(pid);
  expect((await server.postel('config loglevels')).stdout).toBe('debug\n');
  expect(readFileSync(server.file, 'utf8')).toMatch(/^# the first line\n/);
  expect(statSync(server.file).mode).toBe(mode);
  const said = server.process.printed(/the new configuration is in force(?:.|\n)+the new configuration is in force/);
  const own = await server.postel('config loglevels info smtp=error imap=debug');
  expect(own.stdout).toBe(
    `${server.file}: logLevel is info now.\n${server.file}: smtp logs from error on now.\n${server.file}: imap logs from debug on now.\n`,
  );
  await said;
  expect(server.pidOf('smtp')).toBe(pid);
  expect((await server.postel('config loglevels')).stdout).toBe('info\nimap=debug\nsmtp=error\n');
  await server.postel('config loglevels smtp=default');
  expect((await server.postel('config loglevels')).stdout).toBe('info\nimap=debug\n');
  await server.postel('config loglevels info');
  expect((await server.postel('config loglevels')).stdout).toBe('info\n');
  expect(readFileSync(server.file, 'utf8')).not.toContain('logLevels');
  for (const line of ['imap=loud', 'pop3=debug', 'debug info', 'imap=debug imap=info', 'imap=']) {
    expect(await server.postel(`config loglevels ${line}`)).toMatchObject({ code: 2, stdout: '' });
  }
  const { code, stderr } = await server.postel('config loglevels loud');
  expect([code, stderr]).toEqual([2, expect.stringContaining('"loud" is not debug, info, warn, error')]);
});

test('setadminpassword: replaced, made up, or taken away; and written down without it', async () => {
  const set = await server.postel('config setadminpassword', 'another password\n');
  expect(set).toMatchObject({ code: 0, stdout: 'Changed the admin password.\n' });
  const made = await server.postel('config setadminpassword --generate-password');
  expect(made.stdout).toMatch(/^Changed the admin password\.\nIt is, shown this once: [a-z0-9-]{12,}\n$/);
  expect((await server.postel('config setadminpassword', 'short\n')).stderr).toContain('at least 8 characters');
  expect((await server.postel('config setadminpassword --none')).stdout).toBe('There is no admin password any more.\n');
  const { stdout } = await server.postel('config audit --limit 3');
  expect(stdout.match(/ admin-password +(added|removed|since: .* -> .*)$/gm)).toHaveLength(3);
}, 60_000);

test('clientconfig: what to type into a mail program', async () => {
  const { code, stdout } = await server.postel('config clientconfig mary@example.com');
  const { imaps, imap, submissions, submission } = server.ports;
  expect(code).toBe(0);
  const rows = stdout
    .split('\n')
    .slice(1, 5)
    .map((line) => line.split(/ {2,}/).slice(1).join(' '));
  expect(rows).toEqual([
    `mail.example.com ${imaps} TLS`,
    `mail.example.com ${imap} STARTTLS`,
    `mail.example.com ${submissions} TLS`,
    `mail.example.com ${submission} STARTTLS`,
  ]);
  expect(stdout).toContain('User name:  mary@example.com, for both; mary will do as well');
  const json = JSON.parse((await server.postel('config clientconfig mary@example.com --json')).stdout);
  expect(json).toMatchObject({
    account: 'mary',
    services: [{ protocol: 'IMAP', port: imaps, security: 'TLS' }, {}, {}, {}],
  });
  const nobody = await server.postel('config clientconfig nobody@example.com');
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('no account has it') });
}, 60_000);

test('stop: waits for the end of all, and says so if there is nothing to stop', async () => {
  const { pid, apps } = server.run;
  expect(await server.postel('config stop')).toMatchObject({
    code: 0,
    stdout: `Stopped Postel on ${server.dataDirectory}.\n`,
  });
  for (const one of [pid, ...apps.map((app) => app.pid)]) expect(() => process.kill(one, 0)).toThrow('ESRCH');
  expect((await server.postel('stop')).stdout).toBe(`Postel does not run on ${server.dataDirectory}.\n`);
  const status = await server.postel('config status');
  expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining('does not run on') });
}, 60_000);

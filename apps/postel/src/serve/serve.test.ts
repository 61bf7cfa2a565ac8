import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type ManagedDirectory, openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { type ClientCertificate, createTestDatabase, makeClientCertificate } from '@postel/testkit';
import type { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identifyProcess } from '../data-directory/process-identity.ts';
import {
  ConfiguredServer,
  certificateFiles,
  HOST,
  HOSTNAME,
  readCertificate,
  type Settings,
  urlOf,
} from '../testing/configured-server.ts';

const REFUSED = /ECONNREFUSED/;

/** On a database of its own, which saves the time of making one. */
async function prepare(settings: Settings = {}): Promise<ConfiguredServer> {
  const { target } = await createTestDatabase();
  return await ConfiguredServer.prepare({ database: { url: urlOf(target) }, ...settings });
}

describe('a server with two IMAP processes', () => {
  let server: ConfiguredServer;
  let mary: { readonly user: string; readonly pass: string };
  beforeAll(async () => {
    server = await prepare({ imap: { processes: 2 } });
    await server.start();
    mary = await server.addAccount('mary');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('prints "postel ready" and logs JSON', () => {
    const lines = server.process.output.trim().split('\n');
    expect(lines).toContain('postel ready');
    for (const line of lines) if (line !== 'postel ready') expect(JSON.parse(line)).toHaveProperty('process');
  });

  test('has health and metrics of all processes', async () => {
    const ready = {
      'imap-1': 'ready',
      'imap-2': 'ready',
      smtp: 'ready',
      relay: 'ready',
      housekeeping: 'ready',
      database: 'ready',
    };
    const { status, body } = await server.http('/healthz');
    expect({ status, ...JSON.parse(body) }).toEqual({ status: 'ok', parts: ready });
    for (const name of Object.keys(ready).slice(0, 5)) {
      expect(await server.metric('process_start_time_seconds', name)).toBeGreaterThan(0);
    }
  });

  test('takes no password in the clear', async () => {
    expect(await firstLine(server.ports.imap)).toMatch(/LOGINDISABLED/);
    expect(await firstLine(server.ports.imap)).not.toMatch(/AUTH=PLAIN/);
    expect(await converse(server.ports.submission, 'EHLO client.example\r\n')).not.toMatch(/AUTH/);
  });

  test('greets as its hostname', async () => {
    expect(await firstLine(server.ports.mx)).toMatch(/^220 mail\.example\.com ESMTP/);
    expect(await firstLine(server.ports.submission)).toMatch(/^220 mail\.example\.com ESMTP/);
  });

  test('spreads connections over both processes, which tell each other of changes', async () => {
    const clients = await oneOnEach(server, mary);
    const [one, two] = clients;
    await one.mailboxOpen('INBOX');
    const told = once(one, 'exists');
    const idle = one.idle();
    await two.append('INBOX', 'Subject: one\r\n\r\n');
    expect((await told)[0]).toMatchObject({ path: 'INBOX', count: 1 });
    await one.noop(); // which ends IDLE
    await idle;
    for (const client of clients) client.close();
  });

  test('goes on when one process is killed: the other keeps its clients, and nobody is refused', async () => {
    const [lost, kept] = await oneOnEach(server, mary);
    const first = server.pidOf('imap-1');
    const isLost = once(lost, 'close');
    process.kill(first, 'SIGKILL');
    await isLost;
    const greetings = await Promise.all(Array.from({ length: 20 }, () => firstLine(server.ports.imap)));
    for (const greeting of greetings) expect(greeting).toMatch(/^\* OK /);
    await kept.noop();
    expect(kept.usable).toBe(true);
    kept.close();
    await server.process.printed(/imap-1 works again/);
    expect(server.pidOf('imap-1')).not.toBe(first);
    expect((await server.http('/healthz')).status).toBe(200);
  });

  test('the configuration names the server to `postel config`', async () => {
    expect((await server.postel('config account list')).stdout).toMatch(/^mary +mary@example\.com/m);
    expect(await server.postel('config account list --data /nowhere')).toMatchObject({ code: 2 });
  });
});

describe('SIGHUP', () => {
  let server: ConfiguredServer;
  let mary: { readonly user: string; readonly pass: string };
  beforeAll(async () => {
    server = await prepare();
    await server.start();
    mary = await server.addAccount('mary');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('new handshakes see a new certificate, and connections go on', async () => {
    const client = await server.imap(mary);
    const before = await certificateAt(server.ports.imaps);
    await server.writeCertificate('cert', [HOSTNAME]);
    await server.hangUp(/imap-1.*took over/);
    const after = await certificateAt(server.ports.imaps);
    expect(after).not.toBe(before);
    expect(after).toBe(new X509Certificate(readCertificate(server, 'cert')).serialNumber);
    await expect.poll(() => certificateAt(server.ports.submissions)).toBe(after);
    await client.noop();
    expect(client.usable).toBe(true);
    client.close();
  });

  test('a client is shown the certificate for the host it asks for, after STARTTLS too', async () => {
    await server.writeCertificate('other', ['imap.example.org', '*.example.net']);
    server.configure({
      database: databaseOf(server),
      tls: { certificates: [certificateFiles('cert'), certificateFiles('other')] },
    });
    await server.hangUp(/imap-1.*took over/);
    const serial = (name: string) => new X509Certificate(readCertificate(server, name)).serialNumber;
    const { imaps } = server.ports;
    expect(await certificateAt(imaps, 'imap.example.org')).toBe(serial('other'));
    expect(await certificateAt(imaps, 'smtp.example.net')).toBe(serial('other'));
    expect(await certificateAt(imaps, 'elsewhere.example')).toBe(serial('cert'));
    expect(await certificateAt(imaps, null)).toBe(serial('cert'));
    expect(await certificateAfterStartTls(server.ports.imap, 'a STARTTLS\r\n', 'imap.example.org')).toBe(
      serial('other'),
    );
  });

  test('people log in by key on every host name, with certificates read anew, and not where that is off', async () => {
    const certificate = await makeClientCertificate();
    const { user } = mary;
    await useDirectory(server, ({ tlsPublicKeys }) =>
      tlsPublicKeys.add({ login: user, key: certificate.publicKey, name: 'notebook', isImapPreauth: true }),
    );
    const { imaps } = server.ports;
    for (const name of ['imap.example.org', 'elsewhere.example', null]) {
      expect(await greetingByKey(imaps, name, certificate)).toMatch(/^\* PREAUTH /);
    }
    server.configure({
      database: databaseOf(server),
      imap: { imaps: { addresses: [HOST], port: imaps, clientCertificates: 'off' } },
    });
    await server.hangUp(/the new configuration is in force/);
    expect(await greetingByKey(imaps, HOSTNAME, certificate)).toMatch(/^\* OK /);
  });

  test.for([
    [
      'a key that is not the certificate’s',
      (of: ConfiguredServer) => of.writeCertificate('wrong', [HOSTNAME]),
      /does not belong/,
    ],
    ['a file that cannot be read', () => {}, /Cannot read .*missing\.pem/],
    ['a wrong key in the file', () => {}, /postel\.yaml:\d+: imap\.procesess is no key/],
  ] as const)('%s is told, and all goes on', async ([, prepareIt, told]) => {
    const client = await server.imap(mary);
    await prepareIt(server);
    const files = { certFile: told.source.includes('missing') ? 'missing.pem' : 'cert.pem', keyFile: 'wrong-key.pem' };
    const database = databaseOf(server);
    if (told.source.includes('procesess')) server.configure({ database, imap: { procesess: 2 } });
    else server.configure({ database, tls: { certificates: [files] } });
    await server.hangUp(/the new configuration is not in force/);
    expect(server.logged(told)).toBeGreaterThan(0);
    await client.noop();
    client.close();
    expect(await certificateAt(server.ports.imaps)).toMatch(/^[0-9A-F]+$/);
  });

  test('listeners are opened and closed, and processes started and stopped', async () => {
    const { other, imap, imaps } = server.ports;
    const database = databaseOf(server);
    server.configure({ database, imap: { imap: 'off', imaps: { addresses: [HOST], port: other }, processes: 3 } });
    await server.hangUp(/the new configuration is in force/);
    expect(server.run.apps.map(({ name }) => name).toSorted()).toEqual([
      'housekeeping',
      'imap-1',
      'imap-2',
      'imap-3',
      'relay',
      'smtp',
    ]);
    const moved = await server.imap(mary, other);
    moved.close();
    const { mx, submission, submissions, status } = server.ports;
    expect(server.run.ports).toEqual({ imaps: other, mx, submission, submissions, metrics: status });
    // They close when the last process that was there before has said BYE.
    await expect.poll(() => firstLine(imap).catch(String)).toMatch(REFUSED);
    await expect.poll(() => firstLine(imaps).catch(String)).toMatch(REFUSED);

    const gone = server.pidOf('imap-3');
    server.configure({ database });
    await server.hangUp(/the new configuration is in force/);
    expect(server.run.apps.map(({ name }) => name).toSorted()).toEqual(['housekeeping', 'imap-1', 'relay', 'smtp']);
    expect(identifyProcess(gone)).toBeNull();
    expect(await firstLine(imap)).toMatch(/^\* OK /);
    await expect.poll(() => firstLine(other).catch(String)).toMatch(REFUSED);
    const { body } = await server.http('/healthz');
    expect(JSON.parse(body).parts).toEqual({
      'imap-1': 'ready',
      smtp: 'ready',
      relay: 'ready',
      housekeeping: 'ready',
      database: 'ready',
    });
  });

  test('a port that another program has leaves everything as it was', async () => {
    const taken = createServer().listen(server.ports.other, HOST);
    await once(taken, 'listening');
    const pid = server.pidOf('imap-1');
    const imap = { imaps: { addresses: [HOST], port: server.ports.other } };
    server.configure({ database: databaseOf(server), imap });
    await server.hangUp(/the new configuration is not in force/);
    taken.close();
    expect(server.logged(/Another program listens on port/)).toBe(1);
    expect(server.pidOf('imap-1')).toBe(pid);
    (await server.imap(mary)).close();
  });

  test('an address that overlaps the one that is open takes a restart, which is said', async () => {
    const pid = server.pidOf('imap-1');
    const imap = { imaps: { addresses: ['*'], port: server.ports.imaps } };
    server.configure({ database: databaseOf(server), imap });
    await server.hangUp(/the new configuration is not in force/);
    expect(server.logged(/Postel itself listens on port/)).toBe(1);
    expect(server.pidOf('imap-1')).toBe(pid);
  });

  test('the largest message is what the file says', async () => {
    const ehlo = () => converse(server.ports.mx, 'EHLO client.example\r\n');
    expect(await ehlo()).toContain(`SIZE ${100 * 1024 * 1024}\r\n`);
    server.configure({ database: databaseOf(server), limits: { messageSizeMb: 7 } });
    await server.hangUp(/the new configuration is in force/);
    expect(await ehlo()).toContain(`SIZE ${7 * 1024 * 1024}\r\n`);
    const client = await server.imap(mary);
    expect(client.capabilities.get('APPENDLIMIT')).toBe(7 * 1024 * 1024);
    client.close();
    server.configure({ database: databaseOf(server) });
    await server.hangUp(/the new configuration is in force/);
  });

  test('a log level is in force everywhere, and replaces no process', async () => {
    const { length } = server.process.output;
    const runFile = join(server.dataDirectory, 'run.json');
    const writtenAt = () => statSync(runFile).mtimeMs;
    const [before, pids] = [writtenAt(), server.run.apps.map(({ pid }) => pid)];
    server.configure({ database: databaseOf(server), logLevel: 'error' });
    server.process.signal('SIGHUP');
    await expect.poll(writtenAt, { timeout: 10_000 }).not.toBe(before); // at its end
    server.configure({ database: databaseOf(server) });
    await server.hangUp(/the new configuration is in force/);
    await server.process.printed(/took over the new settings/);
    expect(server.process.output.slice(length).match(/the new configuration is in force/g)).toHaveLength(1);
    expect(server.run.apps.map(({ pid }) => pid)).toEqual(pids);
  });

  test('what takes a restart is said, and the rest is done', async () => {
    server.configure({ database: databaseOf(server), dataDirectory: 'elsewhere', imap: { processes: 2 } });
    await server.hangUp(/the new configuration is in force/);
    expect(server.logged(/a change of dataDirectory takes a restart/)).toBe(1);
    expect(server.run.apps.map(({ name }) => name)).toContain('imap-2');
    server.configure({ database: databaseOf(server) });
    await server.hangUp(/the new configuration is in force/);
  });
});

describe('stopping', () => {
  test('SIGTERM says BYE, lets a mail transaction end, and leaves nothing, with exit code 0', async () => {
    await using server = await ConfiguredServer.prepare(); // with the embedded database
    await server.start();
    const mary = await server.addAccount('mary');
    const client = await server.imap(mary);
    await client.mailboxOpen('INBOX');
    const isClosed = once(client, 'close');
    const mail = await beginMail(server, mary.user);
    const { apps, postgres } = server.run;
    const processes = [...apps, ...(postgres === null ? [] : [postgres])].map(({ pid }) => pid);
    expect(processes).toHaveLength(5);
    const ended = server.process.stop('SIGTERM');
    await isClosed;
    expect(await mail.finish()).toMatch(/^250 /m);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(processes.filter((pid) => identifyProcess(pid) !== null)).toEqual([]);
    expect(() => readFileSync(join(server.dataDirectory, 'run.json'))).toThrow('ENOENT');
    // What was confirmed at the end is there.
    await server.start();
    const again = await server.imap(mary);
    expect(await again.status('INBOX', { messages: true })).toMatchObject({ messages: 1 });
    again.close();
  });

  test('a second SIGTERM waits for nothing in hand, and the exit code is 0', async () => {
    await using server = await prepare();
    await server.start();
    const mary = await server.addAccount('mary');
    await beginMail(server, mary.user);
    const ended = server.process.stop('SIGTERM');
    await server.process.printed(/"process":"smtp".*"msg":"stopping"/);
    const again = setInterval(() => server.process.signal('SIGTERM'), 100); // within half a second it is the same one
    await server.process.printed(/asked again/);
    clearInterval(again);
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(server.logged(/"process":"smtp".*"msg":"stopped"/)).toBe(0);
  });
});

describe('an app alone', () => {
  test('`serve imap` on the database of another server: they tell each other of changes', async () => {
    const { target } = await createTestDatabase();
    const database = { url: urlOf(target) };
    await using whole = await ConfiguredServer.prepare({ database });
    await whole.start();
    const mary = await whole.addAccount('mary');
    await using alone = await ConfiguredServer.prepare({ database, blobDirectory: join(whole.dataDirectory, 'blobs') });
    await alone.start('imap');
    expect(JSON.parse((await alone.http('/healthz')).body).parts).toEqual({ 'imap-1': 'ready', database: 'ready' });
    await expect(firstLine(alone.ports.submission)).rejects.toThrow(REFUSED);

    const there = await whole.imap(mary);
    const here = await alone.imap(mary);
    await here.mailboxOpen('INBOX');
    const told = once(here, 'exists');
    const idle = here.idle();
    await there.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(200_000)}\r\n`);
    expect((await told)[0]).toMatchObject({ count: 1 });
    const message = await here.fetchOne('1', { source: true });
    expect(message ? message.source?.length : 0).toBeGreaterThan(200_000); // a blob
    await idle;
    there.close();
    here.close();
  });

  test('without a database of its own it says what to do', async () => {
    await using server = await ConfiguredServer.prepare();
    const failed = server.start('smtp');
    await expect(failed).rejects.toThrow(/say its database\.url in .*postel\.yaml/);
    await expect(failed).rejects.toThrow('exit code 1');
  });
});

describe('a start that fails', () => {
  test.for([
    ['no certificate', { tls: {} }, /tls\.certificates must name a certificate.*postel localserve/s],
    [
      'a certificate that is not there',
      { tls: { certificates: [certificateFiles('none')] } },
      /Cannot read .*none\.pem/,
    ],
    ['an unknown key', { hostnam: 'x' }, /postel\.yaml:\d+: hostnam is no key of Postel; did you mean hostname\?/],
    [
      'no address of this machine',
      { smtp: { mx: { addresses: ['192.0.2.1'], port: 2525 } } },
      /no address 192\.0\.2\.1/,
    ],
    ['a database that is not there', { database: { url: 'postgres://x@127.0.0.1:1/x' } }, /Cannot use the database/],
  ] as const)('for %s says why', async ([, settings, message]) => {
    await using server = await ConfiguredServer.prepare(settings);
    const failed = server.start();
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow('exit code 1');
  });

  test('hardening 71: a database made by a newer Postel is refused before anything listens', async () => {
    const { target } = await createTestDatabase();
    await using server = await ConfiguredServer.prepare({ database: { url: urlOf(target) } });
    const database = openDatabase(target, { applicationName: 'newer', maxConnections: 1 });
    await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9000000000000)`;
    await database.close();
    await expect(server.start()).rejects.toThrow('made by a newer Postel');
    await expect(firstLine(server.ports.imap)).rejects.toThrow(REFUSED);
    const config = await server.postel('config account list');
    expect(config).toMatchObject({ code: 1, stdout: '' });
    expect(config.stderr).toContain('made by a newer Postel');
  });

  test('for a data directory in use says which, and how to use another', async () => {
    await using server = await prepare();
    await server.start();
    const again = await server.postel('serve');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`(PID ${server.run.pid})`);
    expect(again.stderr).toContain('dataDirectory in the configuration file');
  });

  test('for a port in use says which', async () => {
    await using server = await prepare();
    const taken = createServer().listen(server.ports.mx, HOST);
    await once(taken, 'listening');
    await expect(server.start()).rejects.toThrow(`Another program listens on port ${server.ports.mx} of ${HOST}`);
    taken.close();
  });
});

/** Two clients, the first on imap-1 and the second on imap-2. */
async function oneOnEach(
  server: ConfiguredServer,
  auth: { user: string; pass: string },
): Promise<[ImapFlow, ImapFlow]> {
  const surplus: ImapFlow[] = [];
  const on = new Map<string, ImapFlow>();
  let before = await server.metric('postel_imap_connections', 'imap-1');
  while (on.size < 2) {
    expect(surplus.length).toBeLessThan(40);
    const client = await server.imap(auth);
    const after = await server.metric('postel_imap_connections', 'imap-1');
    const name = after > before ? 'imap-1' : 'imap-2';
    before = after;
    if (on.has(name)) surplus.push(client);
    else on.set(name, client);
  }
  for (const client of surplus) client.close();
  const [one, two] = [on.get('imap-1'), on.get('imap-2')];
  if (one === undefined || two === undefined) throw new Error('one of the processes got no connection');
  return [one, two];
}

/** A message of which all but the end is sent, from another server. */
async function beginMail(server: ConfiguredServer, user: string) {
  const socket = connect(server.ports.mx, HOST).setEncoding('utf8');
  let said = '';
  socket.on('data', (text) => {
    said += text;
  });
  const replied = async (pattern: RegExp) => {
    while (!pattern.test(said)) await once(socket, 'data');
  };
  const say = async (line: string, reply: RegExp) => {
    said = '';
    socket.write(`${line}\r\n`);
    await replied(reply);
  };
  await replied(/^220 /m);
  await say('EHLO mx.example.org', /^250 /m);
  await say('MAIL FROM:<joe@example.org>', /^250 /m);
  await say(`RCPT TO:<${user}@example.com>`, /^250 /m);
  await say('DATA', /^354 /m);
  socket.write('Subject: half\r\n\r\n');
  return {
    async finish(): Promise<string> {
      await say('.', /^\d{3} /m);
      socket.end();
      return said;
    },
  };
}

function firstLine(port: number): Promise<string> {
  return converse(port, '');
}

/** What a server says first, or to one line. */
async function converse(port: number, line: string): Promise<string> {
  const socket = connect(port, HOST);
  try {
    const [greeting] = await once(socket, 'data');
    if (line === '') return String(greeting);
    socket.write(line);
    return String((await once(socket, 'data'))[0]);
  } finally {
    socket.destroy();
  }
}

/** The serial number of the certificate that a server shows who asks for that host. */
async function certificateAt(port: number, servername: string | null = HOSTNAME): Promise<string> {
  return await serialOf(connectTls({ host: HOST, port, ...(servername === null ? {} : { servername }), ...TRUSTING }));
}

/** What IMAPS says first to a client that shows a certificate. */
async function greetingByKey(
  port: number,
  servername: string | null,
  { key, cert }: ClientCertificate,
): Promise<string> {
  const name = servername === null ? {} : { servername };
  const socket = connectTls({ host: HOST, port, key, cert, ...name, ...TRUSTING });
  try {
    return String((await once(socket, 'data'))[0]);
  } finally {
    socket.destroy();
  }
}

async function useDirectory(
  server: ConfiguredServer,
  work: (directory: ManagedDirectory) => Promise<void>,
): Promise<void> {
  const { database: target } = server.run;
  if (target === null) throw new Error('it has no database');
  const database = openDatabase(target, { applicationName: 'test', maxConnections: 1 });
  try {
    await work(openDirectory(database).as({ type: 'server', task: 'test' }));
  } finally {
    await database.close();
  }
}

async function certificateAfterStartTls(port: number, command: string, servername: string): Promise<string> {
  const socket = connect(port, HOST);
  await once(socket, 'data');
  socket.write(command);
  await once(socket, 'data');
  return await serialOf(connectTls({ socket, servername, ...TRUSTING }));
}

/** It is looked at by the test. */
const TRUSTING = { rejectUnauthorized: false };

async function serialOf(socket: TLSSocket): Promise<string> {
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}

function databaseOf(server: ConfiguredServer): unknown {
  const { database } = server.run;
  if (database === null || !('url' in database)) throw new Error('it has no URL');
  return { url: database.url };
}

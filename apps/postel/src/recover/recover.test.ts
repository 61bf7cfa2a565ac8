/** Rule 3 with databases that are really replaced by older copies, under and behind the back of a server. */
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { DatabaseTarget } from '@postel/config';
import { type Database, openDatabase } from '@postel/storage';
import { createTestDatabase, ImapClient } from '@postel/testkit';
import type { ImapFlow } from 'imapflow';
import { expect, test } from 'vitest';
import { ConfiguredServer, HOST, HOSTNAME, urlOf } from '../testing/configured-server.ts';

/** Servers start three times, on a machine that may have other things to do. */
const SLOW = { timeout: 120_000 };

test(
  'hardening 55: a database restored under a running server takes no mail until recover, and no UID comes twice',
  SLOW,
  async () => {
    await using database = await createTestDatabase();
    await using server = await ConfiguredServer.prepare({
      database: { url: urlOf(database.target) },
      imap: { processes: 2 },
    });
    await server.start();
    const mary = await server.addAccount('mary');
    const first = await server.imap(mary);
    await append(first, 'kept');
    await using backup = await Backup.of(database.target);
    const second = await server.imap(mary);
    const lost = await append(second, 'lost');
    await using idle = await selected(server, mary);
    idle.send('idle IDLE\r\n');
    expect(await idle.line()).toBe('+ idling');
    await using silent = await selected(server, mary);

    await backup.restore();
    expect(await idle.closed()).toContainEqual(expect.stringMatching(BYE));
    silent.send('noop NOOP\r\n');
    expect(await silent.closed()).toContainEqual(expect.stringMatching(BYE));
    const third = await server.imap(mary);
    await expect(append(third, 'refused')).rejects.toMatchObject({
      responseText: expect.stringContaining('postel recover'),
    });
    await expect(third.mailboxOpen('INBOX')).rejects.toMatchObject({ serverResponseCode: 'UNAVAILABLE' });
    expect(await deliver(server.ports.mx)).toMatch(/^451 4\.3\.0/);
    await server.process.printed(/run `postel recover`; until then these take no changes: mary/);
    expect((await server.http('/metrics')).body).toMatch(/^postel_rewound_accounts 1$/m);

    const { code, stdout } = await server.postel('recover');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^mary: 6 mailboxes have a new UIDVALIDITY, from \d+ on; modseq \d+ is \d+ now\./),
    });
    const fourth = await server.imap(mary);
    const anew = await append(fourth, 'anew');
    expect(anew.uidValidity).toBeGreaterThan(lost.uidValidity);
    expect(await deliver(server.ports.mx)).toMatch(/^250/);
    await fourth.mailboxOpen('INBOX');
    const subjects = await Array.fromAsync(
      fourth.fetch('1:*', { envelope: true }),
      ({ envelope }) => envelope?.subject,
    );
    expect(subjects).toEqual(['kept', 'anew', 'delivered']);
    expect(await server.postel('verify')).toMatchObject({ code: 0, stdout: '' });
    expect((await server.postel('recover')).stdout).toBe('No account waits for it.\n');
    for (const client of [first, second, third, fourth]) client.close();
  },
);

test(
  'hardening 55: files of Postgres replaced by older ones while nothing ran are found out at the start',
  SLOW,
  async () => {
    await using server = await ConfiguredServer.prepare(); // with the embedded database
    await server.start();
    const mary = await server.addAccount('mary');
    await server.process.stop('SIGTERM');
    const files = join(server.dataDirectory, 'postgres');
    cpSync(files, `${files}-backup`, { recursive: true });
    await server.start();
    const before = await append(await server.imap(mary), 'lost');
    await server.process.stop('SIGTERM');
    rmSync(files, { recursive: true });
    cpSync(`${files}-backup`, files, { recursive: true });
    await server.start();
    await server.process.printed(/until then these take no changes: mary/);
    const client = await server.imap(mary);
    await expect(append(client, 'refused')).rejects.toMatchObject({ serverResponseCode: 'UNAVAILABLE' });

    const trusted = await server.postel('recover --nothing-lost');
    expect(trusted).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('mary: has lost changes that were seen'),
    });
    expect(await server.postel('recover mary')).toMatchObject({ code: 0 });
    await server.process.printed(/no account waits for `postel recover` any more/);
    expect((await server.http('/metrics')).body).toMatch(/^postel_rewound_accounts 0$/m);
    const anew = await append(await server.imap(mary), 'anew');
    expect(anew.uidValidity).toBeGreaterThan(before.uidValidity);
    client.close();
  },
);

/** RFC 9051 §7.1.5: the text is for people. The id in brackets finds the connection in the log. */
const BYE = /^\* BYE The database was restored: connect again \([\w-]+\)$/;

/** A connection with INBOX selected, of which every line is seen. */
async function selected(
  { ports, ca }: ConfiguredServer,
  { user, pass }: { readonly user: string; readonly pass: string },
): Promise<ImapClient> {
  const client = await ImapClient.connectTls(ports.imaps, { ca, servername: HOSTNAME });
  await client.line();
  await client.command(`LOGIN ${user} "${pass}"`);
  await client.command('SELECT INBOX');
  return client;
}

async function append(
  client: ImapFlow,
  subject: string,
): Promise<{ readonly uid: number; readonly uidValidity: number }> {
  const appended = await client.append('INBOX', `Subject: ${subject}\r\n\r\n${subject}\r\n`);
  if (appended === false || appended.uid === undefined || appended.uidValidity === undefined) {
    throw new Error('the server did not say the UID');
  }
  return { uid: appended.uid, uidValidity: Number(appended.uidValidity) };
}

/** Sends a message to mary, and gives the reply to its end, or the first that refuses. */
async function deliver(port: number): Promise<string> {
  const socket = connect(port, HOST);
  try {
    let reply = '';
    for (const line of [
      'EHLO client.example',
      'MAIL FROM:<a@client.example>',
      'RCPT TO:<mary@example.com>',
      'DATA',
      'Subject: delivered\r\n\r\n.',
    ]) {
      await nextReply(socket);
      socket.write(`${line}\r\n`);
    }
    reply = await nextReply(socket);
    return reply;
  } finally {
    socket.destroy();
  }
}

async function nextReply(socket: NodeJS.ReadableStream): Promise<string> {
  for (let received = ''; ; ) {
    const [piece] = await once(socket, 'data');
    received += String(piece);
    if (/^\d{3} .*\r\n$/m.test(received)) return received;
  }
}

/** A copy of a database as it was, made by the server; meanwhile nobody is connected to it. */
class Backup implements AsyncDisposable {
  readonly #admin: Database;
  readonly #name: string;
  readonly #copy: string;

  private constructor(admin: Database, name: string) {
    this.#admin = admin;
    this.#name = name;
    this.#copy = `${name}_backup`;
  }

  static async of(target: DatabaseTarget): Promise<Backup> {
    const url = new URL(urlOf(target));
    const name = url.pathname.slice(1);
    url.pathname = '/postgres';
    const admin = openDatabase({ url: url.href }, { applicationName: 'recover test', maxConnections: 1 });
    const backup = new Backup(admin, name);
    await backup.#alone(`create database ${backup.#copy} template ${name}`);
    return backup;
  }

  /** Puts the copy in the place of the database. */
  async restore(): Promise<void> {
    await this.#alone(`drop database ${this.#name}`, `alter database ${this.#copy} rename to ${this.#name}`);
  }

  async #alone(...statements: readonly string[]): Promise<void> {
    const { sql } = this.#admin;
    await sql.unsafe(`alter database ${this.#name} allow_connections false`);
    for (let connected = 1; connected > 0; ) {
      const ended = await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${this.#name}`;
      connected = ended.length;
    }
    for (const statement of statements) await sql.unsafe(statement);
    await sql.unsafe(`alter database ${this.#name} allow_connections true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.close();
  }
}

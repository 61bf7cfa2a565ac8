import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectory } from '@postel/directory';
import { openDatabase } from '@postel/storage';
import { type OwnPostel, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const WRITERS = 4;
const OKS_BEFORE_THE_CRASH = 150;
/** Every so many messages one goes to a blob. */
const LARGE_EVERY = 25;
const LARGE_OCTETS = 200_000;

interface Sent {
  readonly id: string;
  readonly octets: string;
}

test('kill -9 of everything during appends: every message that was OKed is there once, whole, and the counts are right', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'postel-crash-'));
  try {
    const acknowledged = await appendUntilKilled(dataDirectory);
    expect(acknowledged.size).toBeGreaterThanOrEqual(OKS_BEFORE_THE_CRASH);

    await using again = await startPostel({ dataDirectory });
    const server = new MailServer(again);
    await using client = await server.logIn({ name: 'postel', address: 'postel@localhost', password: 'postelpostel' });
    await client.command('SELECT INBOX');
    const { untagged } = await client.command('UID FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])');
    const uids = untagged.flatMap((line) => /FETCH \(UID (\d+) RFC822\.SIZE (\d+)/.exec(line)?.slice(1, 2) ?? []);
    const sizes = untagged.flatMap((line) => /RFC822\.SIZE (\d+)/.exec(line)?.slice(1, 2).map(Number) ?? []);
    const ids = untagged.flatMap((line) => /^Message-ID: (\S+)/i.exec(line)?.slice(1, 2) ?? []);

    expect(ids.length, 'no message twice').toBe(new Set(ids).size);
    const present = new Set(ids);
    expect(
      [...acknowledged.keys()].filter((id) => !present.has(id)),
      'nothing that was OKed is lost',
    ).toEqual([]);
    // What was under way when the power went may be there or not: one message a writer at most.
    expect(ids.length - acknowledged.size).toBeLessThanOrEqual(WRITERS);

    const { untagged: status } = await client.command('STATUS INBOX (MESSAGES UNSEEN UIDNEXT)');
    const uidNext = Number(/UIDNEXT (\d+)/.exec(status.join())?.[1]);
    expect(status.join()).toContain(`MESSAGES ${ids.length} `);
    expect(uidNext).toBeGreaterThan(Math.max(...uids.map(Number)));
    expect(await useOf(again)).toEqual({ messages: ids.length, octets: sizes.reduce((sum, size) => sum + size, 0) });

    const large = [...acknowledged].filter(([, { length }]) => length > LARGE_OCTETS);
    expect(large.length).toBeGreaterThan(0);
    for (const [id, octets] of large) {
      expect(await fetchById(client, ids.indexOf(id), octets.length)).toBe(octets);
    }
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

/** The octets of every message that was answered OK, by Message-ID. */
async function appendUntilKilled(dataDirectory: string): Promise<ReadonlyMap<string, string>> {
  await using postel = await startPostel({ dataDirectory });
  const server = new MailServer(postel);
  const acknowledged = new Map<string, string>();
  let killed: Promise<void> | null = null;
  const write = async (writer: number) => {
    const client = await server.logIn({ name: 'postel', address: 'postel@localhost', password: 'postelpostel' });
    for (let n = 0; ; n++) {
      const { id, octets } = message(writer, n);
      try {
        await client.append('INBOX', octets);
      } catch {
        return; // the connection broke: nothing was said of this one
      }
      acknowledged.set(id, octets);
      if (acknowledged.size >= OKS_BEFORE_THE_CRASH) killed ??= postel.kill9();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  await killed;
  return acknowledged;
}

function message(writer: number, n: number): Sent {
  const id = `<${writer}.${n}@crash.example>`;
  const body = n % LARGE_EVERY === LARGE_EVERY - 1 ? 'a long line of text\r\n'.repeat(LARGE_OCTETS / 20) : `${n}\r\n`;
  return { id, octets: `Message-ID: ${id}\r\nSubject: ${n}\r\n\r\n${body}` };
}

async function fetchById(client: ImapClient, index: number, length: number): Promise<string> {
  client.send(`f1 FETCH ${index + 1} BODY.PEEK[]\r\n`);
  expect(await client.line()).toContain(`{${length}}`);
  const octets = await client.octets(length);
  await client.answer('f1');
  return octets.toString('latin1');
}

async function useOf(postel: OwnPostel): Promise<{ messages: number; octets: number }> {
  const database = openDatabase(postel.database, { applicationName: 'crash test', maxConnections: 1 });
  try {
    const accounts = await openDirectory(database).listAccounts();
    const { usedMessages, usedOctets } = accounts.find(({ name }) => name === 'postel') ?? {
      usedMessages: -1,
      usedOctets: -1,
    };
    return { messages: usedMessages, octets: usedOctets };
  } finally {
    await database.close();
  }
}

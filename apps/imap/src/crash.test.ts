import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { accountUse } from './testing/account-use.ts';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const POSTEL = { name: 'postel', address: 'postel@localhost', password: 'postelpostel' };
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
    await using client = await server.logIn(POSTEL);
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
    expect(await accountUse(again, 'postel')).toEqual({
      messages: ids.length,
      octets: sizes.reduce((sum, size) => sum + size, 0),
    });

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
    const client = await server.logIn(POSTEL);
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

const PLACES = ['INBOX', 'Archive', 'Junk'] as const;
const MESSAGES_EACH = 20;
const OKS_BEFORE_THE_CRASH_OF_MOVES = 60;

/** Where the messages of one writer are: all of them in one mailbox, and copied to Junk so often. */
interface Whereabouts {
  readonly place: 'INBOX' | 'Archive';
  readonly copies: number;
}

test('hardening 64: kill -9 of everything during MOVE and COPY loses nothing, doubles nothing and halves no set', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'postel-crash-'));
  try {
    const { writers, oks } = await moveUntilKilled(dataDirectory);
    expect(oks).toBeGreaterThanOrEqual(OKS_BEFORE_THE_CRASH_OF_MOVES);
    await using again = await startPostel({ dataDirectory });
    await using client = await new MailServer(again).logIn(POSTEL);
    const places = new Map<string, string[]>();
    const use = { messages: 0, octets: 0 };
    for (const mailbox of PLACES) {
      await client.command(`SELECT ${mailbox}`);
      const { untagged } = await client.command('UID FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])');
      for (const line of untagged) {
        use.octets += Number(/RFC822\.SIZE (\d+)/.exec(line)?.[1] ?? 0);
        const id = /^Message-ID: (\S+)/i.exec(line)?.[1];
        if (id === undefined) continue;
        use.messages++;
        places.set(id, [...(places.get(id) ?? []), mailbox]);
      }
    }
    for (const [writer, { acknowledged, underway }] of writers.entries()) {
      const found = Array.from({ length: MESSAGES_EACH }, (_, n) => places.get(message(writer, n).id) ?? []);
      // The command that got no answer was carried out for all of the set, or for none of it.
      const expected = [acknowledged, underway].map(({ place, copies }) =>
        Array(MESSAGES_EACH).fill([place, ...Array(copies).fill('Junk')]),
      );
      expect(expected, `writer ${writer}`).toContainEqual(found);
    }
    expect(await accountUse(again, POSTEL.name)).toEqual(use);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

/** For each writer, where the last OK left its messages, and where the command that was not answered was to put them. */
async function moveUntilKilled(dataDirectory: string) {
  await using postel = await startPostel({ dataDirectory });
  const server = new MailServer(postel);
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => server.logIn(POSTEL)));
  const sets: string[] = [];
  for (const [writer, client] of clients.entries()) {
    const uids: number[] = [];
    for (let n = 0; n < MESSAGES_EACH; n++) uids.push(await client.append('INBOX', message(writer, n).octets));
    sets.push(uids.join());
  }
  let oks = 0;
  let killed: Promise<void> | null = null;
  const move = async (client: ImapClient, first: string) => {
    let acknowledged: Whereabouts = { place: 'INBOX', copies: 0 };
    let underway = acknowledged;
    const command = async (text: string, then: Whereabouts) => {
      underway = then;
      const { untagged, tagged } = await client.command(text);
      acknowledged = then;
      if (++oks >= OKS_BEFORE_THE_CRASH_OF_MOVES) killed ??= postel.kill9();
      return /COPYUID \d+ \S+ ([\d:,]+)/.exec([...untagged, tagged].join())?.[1] ?? '';
    };
    try {
      for (let uids = first, copies = 0; ; ) {
        await client.command('SELECT INBOX');
        await command(`UID COPY ${uids} Junk`, { place: 'INBOX', copies: ++copies });
        const archived = await command(`UID MOVE ${uids} Archive`, { place: 'Archive', copies });
        await client.command('SELECT Archive');
        uids = await command(`UID MOVE ${archived} INBOX`, { place: 'INBOX', copies });
      }
    } catch {
      return { acknowledged, underway }; // the connection broke
    }
  };
  const writers = await Promise.all(clients.map((client, writer) => move(client, sets[writer] ?? '')));
  await killed;
  return { writers, oks };
}

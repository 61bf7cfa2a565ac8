import { openDatabase } from '@postel/storage';
import { expect, test, vi } from 'vitest';
import type { ImapProcess } from './testing/imap-process.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const LOOKS = 40;
/** Below the 5 s after which the database ends a transaction that does nothing. */
const PATIENCE = { timeout: 2_000, interval: 20 };

/** What the database's connections of a process are doing: `idle`, unless in the middle of something. */
async function statesOf(imap: ImapProcess): Promise<readonly string[]> {
  const database = openDatabase(server.postel.database, { applicationName: 'imap test', maxConnections: 1 });
  try {
    const rows = await database.sql<{ state: string }[]>`
      select state from pg_stat_activity where application_name = ${`postel ${imap.app.name}`}`;
    return rows.map(({ state }) => state);
  } finally {
    await database.close();
  }
}

const rows = (count: number) => Array.from({ length: count }, (_, i) => i);

test('rule 8: while clients neither read nor write on, no transaction of theirs is open', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using other = await server.logIn(account, imap.port);
  for (const i of rows(30)) await other.append('INBOX', `Subject: ${i}\r\n\r\n${'x'.repeat(100_000)}`);
  await other.command('SELECT INBOX');

  // One does not read what it fetched, one not what its STORE told, one stops in the middle of a message it appends.
  await using fetching = await server.logIn(account, imap.port);
  await using storing = await server.logIn(account, imap.port);
  await using appending = await server.logIn(account, imap.port);
  await fetching.command('SELECT INBOX');
  await storing.command('SELECT INBOX');
  fetching.pause();
  storing.pause();
  fetching.send(`a1 FETCH 1:* (${Array(20).fill('BODY.PEEK[]').join(' ')})\r\n`);
  storing.send(
    rows(1_000)
      .map((i) => `a${i} STORE 1:* ${i % 2 ? '-' : '+'}FLAGS (\\Flagged)\r\n`)
      .join(''),
  );
  appending.send(`a1 APPEND INBOX {1000000+}\r\nSubject: x\r\n\r\n${'y'.repeat(200_000)}`);

  for (const _ of rows(LOOKS)) {
    expect((await other.command('STORE 1 +FLAGS (\\Seen)')).tagged).toMatch(/^OK /);
    // The process has work of its own, too; a transaction that waits for a client would be open still.
    await vi.waitFor(async () => {
      const states = await statesOf(imap);
      expect(states).not.toEqual([]);
      expect(states.filter((state) => state.startsWith('idle in transaction'))).toEqual([]);
    }, PATIENCE);
    expect((await other.command('STORE 1 -FLAGS (\\Seen)')).tagged).toMatch(/^OK /);
  }
});

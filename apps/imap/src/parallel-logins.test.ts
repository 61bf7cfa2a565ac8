import { expect, test } from 'vitest';
import type { ImapClient } from './testing/imap-client.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
/** More than may wait for their hash (1,000), and those that are hashed while the others come. */
const CLIENTS = 2_000;
const CONNECTING_AT_ONCE = 50;

test('hardening 25: 2,000 logins at once: some are told to come later, and the others wait for nobody', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account, imap.port);
  await using opened = new AsyncDisposableStack();
  const clients: ImapClient[] = [];
  while (clients.length < CLIENTS) {
    const more = await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, () => server.connect(imap.port)));
    for (const client of more) clients.push(opened.use(client));
  }
  const residentBefore = imap.residentOctets;

  let left = CLIENTS;
  const answers = Promise.all(
    clients.map(async (client, i) => {
      const { tagged } = await client.command(`LOGIN ${account.name} "wrong ${i}"`);
      left--;
      return tagged.replace(/ \([^)]*\)$/, '');
    }),
  );
  // Hashing leaves the event loop alone: who is logged in is served all the while.
  let noops = 0;
  while (left > 0) {
    expect((await mary.command('NOOP')).tagged).toMatch(/^OK /);
    noops++;
  }
  expect(noops).toBeGreaterThan(500);

  const counts = Object.groupBy(await answers, (answer) => answer);
  const [wrong, later] = [
    'NO [AUTHENTICATIONFAILED] Wrong user or password',
    'NO [UNAVAILABLE] Too many logins at once: try again later',
  ] as const;
  expect(Object.keys(counts).sort()).toEqual([wrong, later].sort());
  expect(counts[wrong]?.length).toBeGreaterThan(1_000);
  expect(imap.residentOctets - residentBefore).toBeLessThan(128 * 1024 * 1024);
  await using again = await server.logIn(account, imap.port);
  expect((await again.command('NOOP')).tagged).toMatch(/^OK /);
}, 90_000);

import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('a process that stops says BYE to everybody, whatever they are at, and leaves no problem in the log', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  await using greeted = await server.connect(imap.port);
  await using secure = await server.connectTls(imap.tlsPort);
  await using mary = await server.logIn(account, imap.port);
  await using idle = await server.logIn(account, imap.port);
  await using asked = await server.connect(imap.port);
  await using appending = await server.logIn(account, imap.port);
  await mary.command('SELECT INBOX');
  await idle.command('SELECT INBOX');
  await idle.dialogue`
    C: a1 IDLE
    S: + idling
  `;
  await asked.dialogue`
    C: a1 AUTHENTICATE PLAIN
    S: + 
  `;
  await appending.dialogue`
    C: a1 APPEND INBOX {1000}
    S: + OK
    C: Subject: half
  `;
  await imap.stop();
  for (const client of [greeted, secure, mary, idle, asked, appending]) {
    expect(await client.closed()).toEqual([expect.stringMatching(/^\* BYE Postel is stopping: connect again/)]);
  }
  expect(imap.problems).toEqual([]);
  await using again = await server.logIn(account);
  await again.dialogue`
    C: a1 STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 0)
    S: a1 OK ...
  `;
});

test('a client that does not read keeps no process from stopping, and hears no BYE within a message', async () => {
  await using imap = await server.startProcess();
  await using mary = await server.logIn(undefined, imap.port);
  await mary.append('INBOX', `Subject: large\r\n\r\n${'x'.repeat(1_000_000)}`);
  await mary.command('SELECT INBOX');
  mary.pause();
  mary.send(`a1 FETCH 1 (${Array(100).fill('BODY.PEEK[]').join(' ')})\r\n`);
  // It is at it: what it sends fills the buffers.
  await using other = await server.connect(imap.port);
  for (let i = 0; i < 50; i++) await other.command('NOOP');
  const began = performance.now();
  await imap.stop();
  expect(performance.now() - began).toBeLessThan(7_000);
  mary.resume();
  const said = (await mary.closed().catch(() => [])).join('\n');
  expect(said).not.toContain('BYE');
});

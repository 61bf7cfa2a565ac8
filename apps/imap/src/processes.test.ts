import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('the log calls a client by its IPv4 address, also on a socket for IPv6 too', async () => {
  await using imap = await server.startProcess({ host: '*' });
  await using client = await server.logIn(await server.addAccount(), imap.port);
  await client.command('NOOP');
  expect(imap.log).toMatch(/"client":"127\.0\.0\.1"/);
  expect(imap.log).not.toContain('::ffff:');
});

test('rule 9: two processes tell each other at once of arrivals, flags, keywords and removals', async () => {
  await using second = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account, second.port);
  await other.command('SELECT INBOX');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    S: * 1 EXISTS
    S: * {recent} RECENT
  `;
  await other.command('STORE 1 +FLAGS ($Label \\Deleted)');
  await mary.dialogue`
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Label)
    S: * 1 FETCH (UID 1 FLAGS (\Deleted...$Label))
  `;
  await other.command('EXPUNGE');
  await mary.dialogue`
    S: * 1 EXPUNGE
    C: DONE
    S: a2 OK ...
  `;
});

test('rule 9: NOOP, SELECT and STATUS see what another process did before, without waiting for news of it', async () => {
  await using second = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account, second.port);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  for (let count = 1; count <= 10; count++) {
    await other.append('INBOX', 'Subject: one\r\n\r\n');
    expect((await mary.command('NOOP')).untagged[0]).toBe(`* ${count} EXISTS`);
    await mary.command(`STORE ${count} +FLAGS.SILENT (\\Flagged)`);
    expect((await other.command('NOOP')).untagged.at(-1)).toContain('\\Flagged');
    expect((await other.command('STATUS INBOX (MESSAGES)')).untagged).toEqual([`* STATUS INBOX (MESSAGES ${count})`]);
  }
});

test('rule 12: \\Recent goes to one session, on whatever process', async () => {
  await using second = await server.startProcess();
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account, second.port);
  await mary.command('SELECT INBOX');
  await other.command('SELECT INBOX');
  let recent = 0;
  for (let count = 1; count <= 10; count++) {
    await mary.append('INBOX', 'Subject: one\r\n\r\n');
    await Promise.all([mary.command('NOOP'), other.command('NOOP')]);
    for (const client of [mary, other]) {
      const { untagged } = await client.command(`FETCH ${count} (FLAGS)`);
      if (untagged.join().includes('\\Recent')) recent++;
    }
    expect(recent).toBe(count);
  }
});

import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { Maildirs } from '../testing/maildir.ts';

const server = new MailServer();

/** @param more lines of the IMAP side */
const configuration = ({ home, caFile, account }: MailProgram, more = '') => `
[general]
accounts = a
ui = basic
metadata = ${home}/metadata

[Account a]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${home}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${server.postel.ports.imaps}
ssl = yes
sslcacertfile = ${caFile}
remoteuser = ${account.name}
remotepass = ${account.password}
${more}
`;

test('offlineimap: two-way synchronization of flags, removals, new messages and a mailbox', async ({ skip }) => {
  requirePrograms(skip, 'offlineimap');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('offlineimaprc', configuration(program));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('offlineimap', '-c', rc, '-o', '-1');
  await using mary = await server.logIn(account);

  await mary.command('CREATE Work/2024');
  for (let i = 1; i <= 50; i++) {
    await mary.append('INBOX', `Subject: m${i}\r\nMessage-ID: <${i}@example.com>\r\n\r\nText of ${i}\r\n`);
  }
  await sync();
  expect(near.files('INBOX')).toHaveLength(50);
  expect(near.files('Work.2024')).toEqual([]);

  await mary.command('SELECT INBOX');
  await mary.command('UID STORE 1 +FLAGS (\\Seen \\Answered)');
  await mary.command('UID STORE 2 +FLAGS (\\Deleted)');
  await mary.command('EXPUNGE');
  await mary.append('INBOX', 'Subject: far\r\n\r\nx\r\n');
  near.setFlags('INBOX', 'm3', 'F');
  near.remove('INBOX', 'm4');
  near.add('INBOX', 'Subject: near\nMessage-ID: <near@example.com>\n\nx\n', 'S');
  near.add('Home', 'Subject: home\nMessage-ID: <home@example.com>\n\nx\n');
  await sync();

  expect(near.files('INBOX')).toHaveLength(50);
  expect(near.flags('INBOX', 'm1')).toBe('RS');
  expect(near.subjects('INBOX')).toEqual(expect.arrayContaining(['far', 'near']));
  expect(near.subjects('INBOX')).not.toContain('m2');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * 50 EXISTS
    S: ...
    S: a1 OK ...
    C: a2 UID SEARCH FLAGGED
    S: * SEARCH 3
    S: a2 OK ...
    C: a3 UID SEARCH UID 2:5
    S: * SEARCH 3 5
    S: a3 OK ...
    C: a4 UID FETCH 52 (FLAGS)
    S: * 50 FETCH (UID 52 FLAGS (\Seen))
    S: a4 OK ...
    C: a5 STATUS Home (MESSAGES UNSEEN)
    S: * STATUS Home (MESSAGES 1 UNSEEN 1)
    S: a5 OK ...
  `;

  const before = { far: (await mary.command('UID FETCH 1:* (FLAGS)')).untagged, near: near.files('INBOX') };
  await sync();
  expect({ far: (await mary.command('UID FETCH 1:* (FLAGS)')).untagged, near: near.files('INBOX') }).toEqual(before);
});

const letter = (subject: string) =>
  `Subject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\n\r\nText of ${subject}\r\n`;

test('offlineimap, compressed: changed on both sides in different ways, and removed on one while changed on the other', async ({
  skip,
}) => {
  requirePrograms(skip, 'offlineimap');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('offlineimaprc', configuration(program, 'usecompression = yes'));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('offlineimap', '-c', rc, '-o', '-1');
  await using mary = await server.logIn(account);
  for (let i = 1; i <= 10; i++) await mary.append('INBOX', letter(`m${i}`));
  await sync();

  await mary.command('SELECT INBOX');
  await mary.command('UID STORE 1,2 +FLAGS (\\Seen)');
  near.setFlags('INBOX', 'm1', 'F');
  near.remove('INBOX', 'm2');
  near.setFlags('INBOX', 'm3', 'FS');
  await mary.command('UID STORE 3,4 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  near.remove('INBOX', 'm4');
  await sync();
  // Who changed last wins for a flag; a removal is told to the other side, whatever changed there.
  expect(near.subjects('INBOX')).toEqual(['m1', 'm10', 'm5', 'm6', 'm7', 'm8', 'm9']);
  expect(near.flags('INBOX', 'm1')).toBe('FS');
  await mary.dialogue`
    C: a1 NOOP
    S: ...
    S: a1 OK ...
    C: a2 UID FETCH 1:* (FLAGS)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Seen))
    S: * 2 FETCH (UID 5 FLAGS (...))
    S: ...
    S: * 7 FETCH (UID 10 FLAGS (...))
    S: a2 OK ...
  `;
});

test('offlineimap: another mailbox under the same name is noticed, and loses nothing', async ({ skip }) => {
  requirePrograms(skip, 'offlineimap');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('offlineimaprc', configuration(program));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('offlineimap', '-c', rc, '-o', '-1');
  await using mary = await server.logIn(account);
  await mary.command('CREATE Work');
  await mary.append('INBOX', letter('kept'));
  for (const subject of ['a', 'b', 'c']) await mary.append('Work', letter(subject));
  await sync();
  await mary.command('DELETE Work');
  await mary.command('CREATE Work');
  await mary.append('Work', letter('d'));
  // Version 8.0.0 says so and goes on all the same: it removes at home what has a UID that the new mailbox does not have.
  await expect(sync()).rejects.toThrow('UID validity problem for folder Work');
  expect(near.subjects('INBOX')).toEqual(['kept']);
  expect((await mary.command('STATUS Work (MESSAGES)')).untagged).toEqual(['* STATUS Work (MESSAGES 1)']);
});

import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { Maildirs } from '../testing/maildir.ts';

const server = new MailServer();

const configuration = ({ home, caFile, account }: MailProgram) => `
IMAPAccount postel
Host localhost
Port ${server.postel.ports.imaps}
User ${account.name}
Pass ${account.password}
SSLType IMAPS
SystemCertificates no
CertificateFile ${caFile}

IMAPStore far
Account postel

MaildirStore near
Path ${home}/mail/
Inbox ${home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`;

test('mbsync: 200 messages; then nothing to do; then flags, removals, new messages and a mailbox both ways', async ({
  skip,
}) => {
  requirePrograms(skip, 'mbsync');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('mbsyncrc', configuration(program));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('mbsync', '-c', rc, '-a');
  await using mary = await server.logIn(account);
  const far = async (mailbox: string) => {
    await mary.command('UNSELECT'); // or what was selected before is told of
    const { untagged } = await mary.command(`SELECT ${mailbox}`);
    const messages = (await mary.command('UID FETCH 1:* (FLAGS)')).untagged;
    return [...untagged.filter((line) => !line.includes('[CLOSED]')), ...messages];
  };

  for (let i = 1; i <= 200; i++) await mary.append('INBOX', `Subject: m${i}\r\n\r\nText of ${i}\r\n`);
  await sync();
  expect(near.files('INBOX')).toHaveLength(200);

  const before = { far: await far('INBOX'), near: near.files('INBOX') };
  await sync();
  expect({ far: await far('INBOX'), near: near.files('INBOX') }).toEqual(before);

  await mary.command('UID STORE 1 +FLAGS (\\Seen \\Answered)');
  await mary.command('UID STORE 2 +FLAGS (\\Deleted)');
  await mary.command('EXPUNGE');
  await mary.append('INBOX', 'Subject: far\r\n\r\nx\r\n');
  near.setFlags('INBOX', 'm3', 'F');
  near.remove('INBOX', 'm4');
  near.add('INBOX', 'Subject: near\n\nx\n', 'S');
  near.add('Home/2024', 'Subject: home\n\nx\n');
  await sync();

  expect(near.files('INBOX')).toHaveLength(200);
  expect(near.flags('INBOX', 'm1')).toBe('RS');
  expect(near.flags('INBOX', 'm3')).toBe('F');
  expect(near.subjects('INBOX')).toEqual(expect.arrayContaining(['far', 'near']));
  expect(near.subjects('INBOX')).not.toContain('m2');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * 200 EXISTS
    S: ...
    S: a1 OK ...
    C: a2 UID SEARCH FLAGGED
    S: * SEARCH 3
    S: a2 OK ...
    C: a3 UID SEARCH UID 2:5
    S: * SEARCH 3 5
    S: a3 OK ...
    C: a4 UID FETCH 202 (FLAGS)
    S: * 200 FETCH (UID 202 FLAGS (\Seen))
    S: a4 OK ...
    C: a5 STATUS Home/2024 (MESSAGES UNSEEN)
    S: * STATUS Home/2024 (MESSAGES 1 UNSEEN 1)
    S: a5 OK ...
  `;
});

const letter = (subject: string) =>
  `Subject: ${subject}\r\nMessage-ID: <${subject}@example.com>\r\n\r\nText of ${subject}\r\n`;

test('mbsync: changed on both sides in different ways, and removed on one while changed on the other', async ({
  skip,
}) => {
  requirePrograms(skip, 'mbsync');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('mbsyncrc', configuration(program));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('mbsync', '-c', rc, '-a');
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

test.for([
  ['the same messages', 'the mailbox goes on'],
  ['other messages', 'it stops'],
] as const)('mbsync: another UIDVALIDITY, with %s: %s, and no message is lost', async ([content], { skip }) => {
  requirePrograms(skip, 'mbsync');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('mbsyncrc', configuration(program));
  const near = new Maildirs(join(program.home, 'mail'));
  const sync = () => program.run('mbsync', '-c', rc, '-a');
  await using mary = await server.logIn(account);
  const subjects = Array.from({ length: 30 }, (_, i) => `m${i + 10}`);
  await mary.command('CREATE Work');
  for (const subject of subjects) await mary.append('Work', letter(subject));
  await sync();

  await mary.command('DELETE Work');
  await mary.command('CREATE Work');
  const isSame = content === 'the same messages';
  for (const subject of subjects) await mary.append('Work', letter(isSame ? subject : `other-${subject}`));
  if (isSame) {
    await sync();
    near.setFlags('Work', 'm10', 'F');
    await sync();
    await mary.command('SELECT Work');
    expect((await mary.command('UID SEARCH FLAGGED')).untagged).toEqual(['* SEARCH 1']);
  } else {
    await expect(sync()).rejects.toThrow('UIDVALIDITY');
  }
  expect(near.subjects('Work')).toEqual(subjects);
  expect((await mary.command('STATUS Work (MESSAGES)')).untagged).toEqual(['* STATUS Work (MESSAGES 30)']);
});

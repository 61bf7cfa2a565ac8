import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const configuration = ({ home, caFile, account }: MailProgram) => `
set folder = "imaps://localhost:${server.postel.ports.imaps}/"
set spoolfile = "+INBOX"
set imap_user = "${account.name}"
set imap_pass = "${account.password}"
set ssl_ca_certificates_file = "${caFile}"
set tmpdir = "${home}"
set confirmcreate = no
set confirmappend = no
set delete = yes
set quit = yes
set move = no
set mark_old = no
set wait_key = no
`;

test.for(['mutt', 'neomutt'])('%s: reads, flags, copies, saves and deletes', async (mutt, { skip }) => {
  requirePrograms(skip, mutt, 'script');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  await using mary = await server.logIn(account);
  await mary.command('CREATE Work');
  for (const subject of ['one', 'two', 'three', 'four', 'five', 'six']) {
    await mary.append('INBOX', `From: a@example.com\r\nSubject: ${subject}\r\n\r\nText of ${subject}\r\n`);
  }
  const commands = [
    '<limit>~s five<enter><display-message><exit><limit>~A<enter>',
    '<tag-pattern>~s three<enter><tag-prefix><flag-message><untag-pattern>~A<enter>',
    '<tag-pattern>~s one<enter><tag-prefix><copy-message>=Work<enter><untag-pattern>~A<enter>',
    '<tag-pattern>~s two<enter><tag-prefix><save-message>=New<enter><untag-pattern>~A<enter>',
    `<limit>~s six<enter><copy-message>${program.home}/saved<enter><limit>~A<enter>`,
    '<delete-pattern>~s four<enter>',
    '<sync-mailbox><quit>',
  ];
  const rc = program.write('muttrc', configuration(program));
  await program.runInTerminal(mutt, '-n', '-F', rc, '-e', `push "${commands.join('')}"`);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: * 4 EXISTS
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:* (UID FLAGS)
    S: * 1 FETCH (UID 1 FLAGS ())
    S: * 2 FETCH (UID 3 FLAGS (\Flagged))
    S: * 3 FETCH (UID 5 FLAGS (\Seen))
    S: * 4 FETCH (UID 6 FLAGS (...))
    S: a2 OK ...
    C: a3 SELECT Work
    S: ...
    S: a3 OK ...
    C: a4 FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]
    S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}
    S: Subject: one
    S:
    S: )
    S: a4 OK ...
    C: a5 SELECT New
    S: ...
    S: a5 OK ...
    C: a6 FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]
    S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {16}
    S: Subject: two
    S:
    S: )
    S: a6 OK ...
  `;
  expect(readFileSync(join(program.home, 'saved'), 'latin1')).toContain('Text of six');
});

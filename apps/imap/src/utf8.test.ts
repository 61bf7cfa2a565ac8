import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

const utf8 = (text: string) => Buffer.from(text).toString('latin1');

test('RFC 6855 §3: names of mailboxes are UTF-8, and all else is as in IMAP4rev1', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using old = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await old.command('CREATE Entw&APw-rfe/R&-D');
  expect((await mary.command('ENABLE UTF8=ACCEPT')).untagged).toEqual(['* ENABLED UTF8=ACCEPT']);
  for (const [command, answer] of [
    ['SELECT INBOX', '* 1 RECENT'],
    ['SEARCH ALL', '* SEARCH 1'],
    ['LIST "" Entw*', '* LIST (\\HasChildren) "/" "Entwürfe"'],
    ['LIST "Entwürfe/" "%"', '* LIST (\\HasNoChildren) "/" "Entwürfe/R&D"'],
    ['LIST "" "Ent%ürfe" RETURN (STATUS (MESSAGES))', '* STATUS "Entwürfe" (MESSAGES 0)'],
    ['STATUS "Entwürfe/R&D" (MESSAGES)', '* STATUS "Entwürfe/R&D" (MESSAGES 0)'],
    ['COPY 1 "Entwürfe"', null],
    ['SUBSCRIBE "Entwürfe"', null],
    ['LSUB "" "*"', '* LSUB () "/" "Entwürfe"'],
    ['RENAME "Entwürfe" "下書き"', null],
    ['CREATE "下書き/\u2028"', 'NO [CANNOT]'],
    ['SELECT "Entw&APw-rfe"', 'NO [NONEXISTENT]'],
    ['CREATE "e\u0301"', null],
  ] as const) {
    const { untagged, tagged } = await mary.command(utf8(command));
    if (answer?.startsWith('NO ')) expect(tagged.startsWith(answer), command).toBe(true);
    else expect(tagged, command).toMatch(/^OK /);
    if (answer?.startsWith('* ')) expect(untagged, command).toContain(utf8(answer));
  }
  const names = (await old.command('LIST "" *')).untagged;
  for (const name of ['&Tgtm+DBN-', '&Tgtm+DBN-/R&-D', '&AOk-']) {
    expect(
      names.some((line) => line.endsWith(` "/" ${name}`)),
      name,
    ).toBe(true);
  }
  for (const command of [
    'SELECT "Entw\xfcrfe"',
    'LIST "" "\xfc*"',
    'SEARCH SUBJECT "\xfc"',
    'SEARCH SUBJECT {1+}\r\n\xfc',
  ])
    expect((await mary.command(command)).tagged, command).toMatch(/^BAD /);
});

test('RFC 6855 §3: a CHARSET after ENABLE UTF8=ACCEPT is BAD, and strings are UTF-8 without it', async () => {
  await using mary = await server.logIn();
  await mary.append('INBOX', utf8('Subject: Grüße\r\n\r\n'));
  await mary.command('ENABLE UTF8=ACCEPT');
  await mary.command('SELECT INBOX');
  expect((await mary.command('SEARCH CHARSET UTF-8 SUBJECT x')).tagged).toMatch(/^BAD All strings are UTF-8/);
  expect((await mary.command(utf8('SEARCH SUBJECT "grüße"'))).untagged).toEqual(['* SEARCH 1']);
  await mary.command('ENABLE IMAP4rev2');
  expect((await mary.command(utf8('SEARCH CHARSET UTF-8 SUBJECT "grüße"'))).untagged[0]).toMatch(/ALL 1$/);
});

test('a message with UTF-8 in its header is shown as it is, and never in a quoted string to who did not ask for that', async () => {
  const message = utf8('From: Jürgen <jürgen@example.com>\r\nSubject: Grüße aus Köln\r\n\r\nHallo\r\n');
  await using mary = await server.logIn();
  await mary.append('INBOX', message);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    C: a2 FETCH 1 (ENVELOPE)
    S: * 1 FETCH (ENVELOPE (NIL {17}
    S: ${utf8('Grüße aus Köln')} (({7}
    S: ${utf8('Jürgen')} NIL {7}
    S: ${utf8('jürgen')} "example.com")) (({7}
    S: ...
    S: a2 OK ...
    C: a3 FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]
    S: * 1 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {30}
    S: ${utf8('Subject: Grüße aus Köln')}
    S:
    S: )
    S: a3 OK ...
  `;
});

test('RFC 6855 §4: APPEND with the UTF8 data item, and without it', async () => {
  const message = utf8('Subject: Grüße\r\n\r\n');
  const size = message.length;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 ENABLE UTF8=ACCEPT
    S: ...
    C: a2 APPEND INBOX (\Seen) "17-Jul-1996 02:44:25 -0700" UTF8 (~{${String(size)}}
    S: + ...
    C: ${message.slice(0, -4)}
    C:
    C: )
    S: a2 OK [APPENDUID {uidvalidity} 1] Appended
    C: a3 APPEND INBOX utf8 (~{${String(size)}+}
    C: ${message.slice(0, -4)}
    C:
    C: )
    S: a3 OK [APPENDUID {uidvalidity} 2] Appended
    C: a4 APPEND INBOX {${String(size)}+}
    C: ${message.slice(0, -4)}
    C:
    C:
    S: a4 OK [APPENDUID {uidvalidity} 3] Appended
    C: a5 SELECT INBOX
    S: ...
    C: a6 FETCH 1:3 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {${String(size)}}
    S: ${message.slice(0, -4)}
    S:
    S: )
    S: * 2 FETCH (BODY[] {${String(size)}}
    S: ${message.slice(0, -4)}
    S:
    S: )
    S: ...
    S: a6 OK ...
  `;
});

test('APPEND with UTF8 that is malformed stores nothing, and its octets are never commands', async () => {
  await using mary = await server.logIn();
  const logout = 'x LOGOUT\r\n';
  for (const args of [
    `UTF8 ({10+}\r\n${logout})`,
    `UTF8 ~{10+}\r\n${logout}`,
    `UTF8 (~{10+}\r\n${logout}`,
    `UTF8 (~{10+}\r\n${logout} )`,
    `UTF8 (~{10+}\r\n${logout}))`,
    `UTF8 (~{10+}\r\n${logout}) x`,
    `~{10+}\r\n${logout})`,
    `{10+}\r\n${logout})`,
    `UTF8 (~{9+}\r\nSubject:\0)`,
    'UTF8 ()',
    'UTF8 (x)',
    'UTF8',
  ]) {
    expect((await mary.command(`APPEND INBOX ${args}`)).tagged, args).toMatch(/^BAD /);
  }
  expect((await mary.command('STATUS INBOX (MESSAGES)')).untagged).toEqual(['* STATUS INBOX (MESSAGES 0)']);
});

/** SETMETADATA and GETMETADATA. */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('RFC 5464 §4.2, §4.3: entries of mailboxes and of the server are set, told and removed', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/comment {33}
    S: + ...
    C: My new comment across
    C: two lines.)
    S: a1 OK ...
    C: a2 GETMETADATA "INBOX" /private/comment
    S: * METADATA INBOX (/private/comment {33}
    S: My new comment across
    S: two lines.)
    S: a2 OK ...
    C: a3 SETMETADATA INBOX (/private/comment "My own comment" /shared/comment "Shared comment")
    S: a3 OK ...
    C: a4 GETMETADATA "INBOX" (/shared/comment /private/comment)
    S: * METADATA INBOX (/shared/comment "Shared comment" /private/comment "My own comment")
    S: a4 OK ...
    C: a5 SETMETADATA INBOX (/private/comment NIL)
    S: a5 OK ...
    C: a6 GETMETADATA inbox (/shared/comment /private/comment)
    S: * METADATA INBOX (/shared/comment "Shared comment" /private/comment NIL)
    S: a6 OK ...
    C: a7 SETMETADATA "" (/private/vendor/example/theme "dark")
    S: a7 OK ...
    C: a8 GETMETADATA "" /private/vendor/example/theme
    S: * METADATA "" (/private/vendor/example/theme "dark")
    S: a8 OK ...
    C: a9 GETMETADATA INBOX /private/vendor/example/theme
    S: * METADATA INBOX (/private/vendor/example/theme NIL)
    S: a9 OK ...
  `;
});

test('RFC 5464 §4.2.1: MAXSIZE leaves out what is longer, and tells the longest', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/comment "My own comment" /shared/comment ${`"${'x'.repeat(900)}"`} /shared/other ${`"${'x'.repeat(600)}"`})
    S: a1 OK ...
    C: a2 GETMETADATA (MAXSIZE 14) "INBOX" (/shared/comment /private/comment /shared/other)
    S: * METADATA INBOX (/private/comment "My own comment")
    S: a2 OK [METADATA LONGENTRIES 900] ...
    C: a3 GETMETADATA (MAXSIZE 13) "INBOX" (/shared/other /private/comment)
    S: a3 OK [METADATA LONGENTRIES 600] ...
    C: a4 GETMETADATA (MAXSIZE 1024) INBOX /shared/none
    S: * METADATA INBOX (/shared/none NIL)
    S: a4 OK Metadata...
  `;
});

test('RFC 5464 §4.2.2: DEPTH tells entries below a name, in the spelling of who asks', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/a "1" /private/a/b "2" /private/a/b/c "3" /private/ab "4" /shared/a "5")
    S: a1 OK ...
    C: a2 GETMETADATA (DEPTH 0) INBOX /private/a
    S: * METADATA INBOX (/private/a "1")
    S: a2 OK ...
    C: a3 GETMETADATA (DEPTH 1) INBOX /private/a
    S: * METADATA INBOX (/private/a "1" /private/a/b "2")
    S: a3 OK ...
    C: a4 GETMETADATA (DEPTH infinity MAXSIZE 10) INBOX /Private/A
    S: * METADATA INBOX (/Private/A "1" /Private/A/b "2" /Private/A/b/c "3")
    S: a4 OK ...
    C: a5 GETMETADATA (depth INFINITY) INBOX (/shared /private/a/b)
    S: * METADATA INBOX (/private/a/b "2" /private/a/b/c "3" /shared/a "5")
    S: a5 OK ...
    C: a6 GETMETADATA (DEPTH 1) INBOX /private/none
    S: a6 OK ...
    C: a7 GETMETADATA (DEPTH 1) INBOX (/private/a /private/a/b)
    S: * METADATA INBOX (/private/a "1" /private/a/b "2" /private/a/b/c "3")
    S: a7 OK ...
  `;
});

test('options behind the mailbox and entries without parentheses, as examples of RFC 5464 have them', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/filters/values/small "SMALLER 5000" /private/filters/values/boss "FROM \"boss@example.com\"")
    S: a1 OK ...
    C: a2 GETMETADATA "INBOX" (DEPTH 1) (/private/filters/values)
    S: * METADATA INBOX (/private/filters/values/boss "FROM \"boss@example.com\"" /private/filters/values/small "SMALLER 5000")
    S: a2 OK ...
    C: a3 GETMETADATA "INBOX" /private/filters/values/boss /shared/comment
    S: * METADATA INBOX (/private/filters/values/boss "FROM \"boss@example.com\"" /shared/comment NIL)
    S: a3 OK ...
  `;
});

test('names of entries are alike in any case, and what is no name is BAD', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/Private/Vendor/Example/Colour "red")
    S: a1 OK ...
    C: a2 GETMETADATA INBOX (/PRIVATE/VENDOR/EXAMPLE/COLOUR /private/vendor/example/colour)
    S: * METADATA INBOX (/private/vendor/example/colour "red")
    S: a2 OK ...
    C: a3 SETMETADATA INBOX (/private/vendor/example/colour "blue")
    S: a3 OK ...
    C: a4 GETMETADATA INBOX /private/Vendor/example/colour
    S: * METADATA INBOX (/private/Vendor/example/colour "blue")
    S: a4 OK ...
    C: a5 SETMETADATA INBOX ("/private/my comment [1]" "with \"quotes\" and \\")
    S: a5 OK ...
    C: a6 GETMETADATA INBOX "/private/my comment [1]"
    S: * METADATA INBOX ("/private/my comment [1]" "with \"quotes\" and \\")
    S: a6 OK ...
  `;
  for (const entry of [
    'comment',
    '/comment',
    '/private/',
    '/private//comment',
    '/private/comment/',
    '"/private/a*"',
    '"/private/a%b"',
    '"/private/caf\xe9"',
    '"/private/a\x01b"',
    '"/private/a\x7fb"',
    '/privates/comment',
    '""',
    '/',
  ]) {
    expect((await mary.command(`GETMETADATA INBOX ${entry}`)).tagged, entry).toMatch(/^BAD /);
    await mary.command('NOOP'); // a client that says nothing but nonsense is disconnected
    expect((await mary.command(`SETMETADATA INBOX (${entry} "x")`)).tagged, entry).toMatch(/^BAD /);
  }
  for (const level of ['/private', '/shared', '/private/vendor', '/shared/vendor/example']) {
    expect((await mary.command(`GETMETADATA INBOX ${level}`)).tagged, level).toMatch(/^OK /);
    expect((await mary.command(`SETMETADATA INBOX (${level} "x")`)).tagged, level).toMatch(/^BAD /);
  }
  const long = `/private/${'x'.repeat(250)}`;
  expect((await mary.command(`SETMETADATA INBOX (${long} "x")`)).tagged).toMatch(/^NO \[LIMIT\]/);
});

test('hardening 32: names of entries that objects of the language have are names like any other', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 GETMETADATA (DEPTH infinity) INBOX (/private/__proto__ /private/constructor)
    S: a1 OK ...
    C: a2 SETMETADATA INBOX (/private/__proto__ "a" /private/constructor/toString "b" /shared/hasOwnProperty "c")
    S: a2 OK ...
    C: a3 GETMETADATA (DEPTH infinity) INBOX (/private /shared)
    S: * METADATA INBOX (/private/__proto__ "a" /private/constructor/tostring "b" /shared/hasownproperty "c")
    S: a3 OK ...
    C: a4 GETMETADATA (__proto__ 1) INBOX /private/a
    S: a4 BAD ...
  `;
});

test('values hold any octets', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/empty "" /private/nul ~{3}
    S: + ...
  `;
  mary.send('a\0b /private/eight {3+}\r\n\xe9\r\n /private/nil {3+}\r\nNIL)\r\n');
  await mary.dialogue`
    S: a1 OK ...
    C: a2 GETMETADATA INBOX (/private/empty /private/nil)
    S: * METADATA INBOX (/private/empty "" /private/nil "NIL")
    S: a2 OK ...
    C: a3 GETMETADATA INBOX (/private/nul)
    S: * METADATA INBOX (/private/nul ~{3}
    S: ${'a\0b)'}
    S: a3 OK ...
    C: a4 GETMETADATA INBOX (/private/eight)
    S: * METADATA INBOX (/private/eight {3}
    S: ...
    S: )
    S: a4 OK ...
  `;
  // NUL in a literal that is none for it.
  mary.send('a5 SETMETADATA INBOX (/private/a {3+}\r\na\0b)\r\n');
  await mary.dialogue`
    S: a5 BAD ...
  `;
});

test('RFC 5464 §4.3: a value too long is refused before its octets are taken, and then nothing is set', async () => {
  await using mary = await server.logIn();
  const largest = 64 * 1024;
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/a "set" /private/b {${String(largest + 1)}}
    S: a1 NO [METADATA MAXSIZE 65536] ...
    C: a2 SETMETADATA INBOX (/private/a "set" /private/b {99999999}
    S: a2 NO [METADATA MAXSIZE 65536] ...
  `;
  mary.send(`a3 SETMETADATA INBOX (/private/b {${largest + 1}+}\r\n${'x'.repeat(largest + 1)} /private/a "set")\r\n`);
  await mary.dialogue`
    S: a3 NO [METADATA MAXSIZE 65536] ...
    C: a4 GETMETADATA INBOX (/private/a /private/b)
    S: * METADATA INBOX (/private/a NIL /private/b NIL)
    S: a4 OK ...
  `;
  mary.send(`a5 SETMETADATA INBOX (/private/b {${largest}+}\r\n${'x'.repeat(largest)})\r\n`);
  await mary.dialogue`
    S: a5 OK ...
    C: a6 GETMETADATA (MAXSIZE 10) INBOX /private/b
    S: a6 OK [METADATA LONGENTRIES 65536] ...
    C: a7 SETMETADATA {65537}
    S: a7 BAD ...
  `;
});

test('RFC 5464 §4.3: too many entries', async () => {
  await using mary = await server.logIn();
  for (let round = 0; round < 10; round++) {
    const entries = Array.from({ length: 100 }, (_, i) => `/private/${round}-${i} x`.replace(/ x$/, ' "x"'));
    expect((await mary.command(`SETMETADATA INBOX (${entries.join(' ')})`)).tagged).toMatch(/^OK /);
  }
  await mary.dialogue`
    C: a1 SETMETADATA INBOX (/private/0-0 "changed" /private/more "x")
    S: a1 NO [METADATA TOOMANY] ...
    C: a2 GETMETADATA INBOX (/private/0-0 /private/more)
    S: * METADATA INBOX (/private/0-0 "x" /private/more NIL)
    S: a2 OK ...
    C: a3 SETMETADATA INBOX (/private/0-0 NIL /private/more "x")
    S: a3 OK ...
    C: a4 SETMETADATA "" (/private/more "x")
    S: a4 OK ...
  `;
  const asked = Array.from({ length: 101 }, (_, i) => `/private/${i}`).join(' ');
  expect((await mary.command(`GETMETADATA INBOX (${asked})`)).tagged).toMatch(/^NO \[LIMIT\]/);
  expect((await mary.command(`GETMETADATA INBOX ${asked}`)).tagged).toMatch(/^NO \[LIMIT\]/);
  expect((await mary.command(`LIST "" * RETURN (METADATA (${asked}))`)).tagged).toMatch(/^NO \[LIMIT\]/);
});

test('metadata of mailboxes that are not there, of others, and malformed commands', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 GETMETADATA "" /shared/comment
    S: a1 BAD Log in first...
    C: a2 SETMETADATA "" (/private/comment "x")
    S: a2 BAD Log in first...
  `;
  await using joe = await server.logIn();
  await joe.command('CREATE box');
  await joe.command('SETMETADATA "" (/private/comment "of joe")');
  await using mary = await server.logIn();
  await mary.command('CREATE above/below');
  await mary.command('DELETE above');
  await mary.dialogue`
    C: a1 SETMETADATA box (/shared/comment "x")
    S: a1 NO [NONEXISTENT] ...
    C: a2 GETMETADATA box (/shared/comment)
    S: a2 NO [NONEXISTENT] ...
    C: a3 GETMETADATA above (/shared/comment)
    S: a3 NO [NONEXISTENT] ...
    C: a4 GETMETADATA "" (/private/comment)
    S: * METADATA "" (/private/comment NIL)
    S: a4 OK ...
    C: b1 GETMETADATA INBOX
    S: b1 BAD ...
    C: b2 GETMETADATA INBOX ()
    S: b2 BAD ...
    C: b3 GETMETADATA (DEPTH 2) INBOX /private/a
    S: b3 BAD ...
    C: b4 GETMETADATA (MAXSIZE) INBOX /private/a
    S: b4 BAD ...
    C: b5 GETMETADATA (NOSUCH) INBOX /private/a
    S: b5 BAD ...
    C: b6 SETMETADATA INBOX ()
    S: b6 BAD ...
    C: b7 SETMETADATA INBOX /private/a "x"
    S: b7 BAD ...
    C: b8 SETMETADATA INBOX (/private/a)
    S: b8 BAD ...
    C: b9 SETMETADATA INBOX (/private/a x)
    S: b9 BAD ...
  `;
});

test('RFC 5464 §3.3: what the server tells all is set by its administrator', async () => {
  await using imap = await server.startProcess({
    metadata: [
      { entry: '/shared/admin', value: 'mailto:postmaster@example.com' },
      { entry: '/shared/vendor/example/motd', value: 'Good morning' },
    ],
  });
  await using mary = await server.logIn(undefined, imap.port);
  await mary.dialogue`
    C: a1 GETMETADATA "" (/shared/comment /Shared/admin)
    S: * METADATA "" (/shared/comment NIL /Shared/admin "mailto:postmaster@example.com")
    S: a1 OK ...
    C: a2 GETMETADATA (DEPTH infinity MAXSIZE 20) "" /shared
    S: * METADATA "" (/shared/vendor/example/motd "Good morning")
    S: a2 OK [METADATA LONGENTRIES 29] ...
    C: a3 SETMETADATA "" (/shared/admin "mailto:mary@example.com")
    S: a3 NO [NOPERM] ...
    C: a4 SETMETADATA "" (/private/comment "x" /shared/comment "x")
    S: a4 NO [NOPERM] ...
    C: a5 GETMETADATA "" /private/comment
    S: * METADATA "" (/private/comment NIL)
    S: a5 OK ...
  `;
});

test('RFC 5464 §4.1: metadata follows its mailbox, and INBOX shares it with what it is renamed to', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE box
    S: a1 OK ...
    C: a2 SETMETADATA box (/shared/comment "of box")
    S: a2 OK ...
    C: a3 RENAME box "b&AOk-b&AOk-"
    S: a3 OK ...
    C: a4 GETMETADATA "b&AOk-b&AOk-" /shared/comment
    S: * METADATA b&AOk-b&AOk- (/shared/comment "of box")
    S: a4 OK ...
    C: a5 DELETE "b&AOk-b&AOk-"
    S: a5 OK ...
    C: a6 CREATE "b&AOk-b&AOk-"
    S: a6 OK ...
    C: a7 GETMETADATA "b&AOk-b&AOk-" /shared/comment
    S: * METADATA b&AOk-b&AOk- (/shared/comment NIL)
    S: a7 OK ...
    C: b1 SETMETADATA INBOX (/private/comment "of INBOX")
    S: b1 OK ...
    C: b2 RENAME INBOX before
    S: b2 OK ...
    C: b3 GETMETADATA before /private/comment
    S: * METADATA before (/private/comment "of INBOX")
    S: b3 OK ...
    C: b4 GETMETADATA INBOX /private/comment
    S: * METADATA INBOX (/private/comment "of INBOX")
    S: b4 OK ...
  `;
});

test('RFC 6154 §4, §5.4: the special use of a mailbox is an entry', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE SentMail');
  await mary.dialogue`
    C: a1 GETMETADATA Drafts /private/specialuse
    S: * METADATA Drafts (/private/specialuse "\\Drafts")
    S: a1 OK ...
    C: a2 SETMETADATA SentMail (/private/specialuse "\\Sent")
    S: a2 NO [USEATTR] ...
    C: a3 SETMETADATA Sent (/private/specialuse NIL)
    S: a3 OK ...
    C: a4 SETMETADATA SentMail (/private/SpecialUse "\\sent" /private/comment "here")
    S: a4 OK ...
    C: a5 LIST "" Sent* RETURN (SPECIAL-USE)
    S: * LIST (\HasNoChildren) "/" Sent
    S: * LIST (\HasNoChildren \Sent) "/" SentMail
    S: a5 OK ...
    C: a6 GETMETADATA (DEPTH infinity) SentMail /private
    S: * METADATA SentMail (/private/comment "here" /private/specialuse "\\Sent")
    S: a6 OK ...
    C: a7 GETMETADATA (MAXSIZE 3) SentMail /private/specialuse
    S: a7 OK [METADATA LONGENTRIES 5] ...
    C: a8 SETMETADATA SentMail (/private/specialuse "\\All")
    S: a8 NO [USEATTR] ...
    C: a9 SETMETADATA SentMail (/private/specialuse "\\Sent \\Important")
    S: a9 NO [USEATTR] ...
    C: b1 SETMETADATA SentMail (/private/specialuse "nonsense" /private/comment "there")
    S: b1 NO [USEATTR] ...
    C: b2 SETMETADATA SentMail (/private/specialuse "\\Important")
    S: b2 OK ...
    C: b3 GETMETADATA SentMail (/private/specialuse /private/comment)
    S: * METADATA SentMail (/private/specialuse "\\Important" /private/comment "here")
    S: b3 OK ...
    C: b4 SETMETADATA SentMail (/private/specialuse "")
    S: b4 OK ...
    C: b5 GETMETADATA SentMail /private/specialuse
    S: * METADATA SentMail (/private/specialuse NIL)
    S: b5 OK ...
    C: b6 CREATE Sent2 (USE (\Sent))
    S: b6 OK ...
    C: b7 GETMETADATA Sent2 /private/specialuse
    S: * METADATA Sent2 (/private/specialuse "\\Sent")
    S: b7 OK ...
  `;
});

test('RFC 5464 §4.4.2: who enabled METADATA hears what others have changed, by NOOP and in IDLE', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using deaf = await server.logIn(account);
  await using other = await server.logIn(account);
  await other.command('CREATE box');
  await other.command('SETMETADATA box (/shared/comment "before")');
  await mary.dialogue`
    C: a1 ENABLE METADATA
    S: * ENABLED METADATA
    S: a1 OK ...
    C: a2 NOOP
    S: a2 OK ...
  `;
  await other.command('SETMETADATA box (/shared/comment "after" /private/comment "mine")');
  await other.command('SETMETADATA "" (/private/vendor/example/theme "dark")');
  await mary.dialogue`
    C: a3 NOOP
    S: * METADATA "" /private/vendor/example/theme
    S: * METADATA box /private/comment /shared/comment
    S: a3 OK ...
    C: a4 NOOP
    S: a4 OK ...
    C: a5 SETMETADATA box (/shared/comment "of mary")
    S: a5 OK ...
    C: a6 NOOP
    S: a6 OK ...
    C: a7 IDLE
    S: + idling
  `;
  await other.command('SETMETADATA box (/shared/comment NIL)');
  await mary.dialogue`
    S: * METADATA box /shared/comment
  `;
  await other.command('SETMETADATA Sent (/private/specialuse NIL)');
  await mary.dialogue`
    S: * METADATA Sent /private/specialuse
    C: DONE
    S: a7 OK ...
  `;
  await other.command('SETMETADATA box (/private/comment "late")');
  await mary.dialogue`
    C: a8 SETMETADATA box (/shared/comment "of mary")
    S: * METADATA box /private/comment
    S: a8 OK ...
  `;
  await deaf.dialogue`
    C: a1 NOOP
    S: a1 OK ...
  `;
});

test('RFC 8437 §3: who logs in after UNAUTHENTICATE hears of metadata only if they enable it', async () => {
  const [one, two] = [await server.addAccount(), await server.addAccount('peter')];
  await using client = await server.logIn(one);
  await using other = await server.logIn(two);
  await client.command('ENABLE METADATA');
  await client.command('UNAUTHENTICATE');
  await client.command(`LOGIN ${two.name} ${two.password}`);
  await other.command('SETMETADATA INBOX (/shared/comment "x")');
  await client.dialogue`
    C: a1 NOOP
    S: a1 OK ...
    C: a2 ENABLE METADATA
    S: * ENABLED METADATA
    S: a2 OK ...
  `;
  await other.command('SETMETADATA INBOX (/shared/comment "y")');
  await client.dialogue`
    C: a3 NOOP
    S: * METADATA INBOX /shared/comment
    S: a3 OK ...
  `;
});

import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('CREATE makes a mailbox, and those above it that are missing', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE a/b/c
    S: a1 OK ...
    C: a2 LIST "" a*
    S: * LIST (\HasChildren) "/" a
    S: * LIST (\HasChildren) "/" a/b
    S: * LIST (\HasNoChildren) "/" a/b/c
    S: a2 OK ...
    C: a3 CREATE a/b
    S: a3 NO [ALREADYEXISTS]...
    C: a4 CREATE a/d/
    S: a4 OK ...
    C: a5 STATUS a/d (MESSAGES)
    S: * STATUS a/d (MESSAGES 0)
    S: a5 OK ...
    C: a6 CREATE inbox
    S: a6 NO [ALREADYEXISTS]...
  `;
});

test('below INBOX too, INBOX is INBOX in any case', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE inbox/Lists
    S: a1 OK ...
    C: a2 LIST "" InBoX*
    S: * LIST (\HasChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" INBOX/Lists
    S: a2 OK ...
    C: a3 SELECT Inbox/Lists
    S: ...
    S: a3 OK ...
  `;
});

test('names that no mailbox can have', async () => {
  await using mary = await server.logIn();
  for (const name of [
    '""',
    '/',
    '/a',
    'a//b',
    '/etc/passwd',
    '"a*"',
    '"a%b"',
    `"${'x'.repeat(1_001)}"`,
    `"${'a/'.repeat(200)}b"`,
  ]) {
    expect((await mary.command(`CREATE ${name}`)).tagged, name).toMatch(/^NO \[CANNOT\]/);
  }
});

test('hardening 45: names that look like paths are only names', async () => {
  await using mary = await server.logIn();
  for (const name of ['../x', '../../etc/passwd', 'a/..', '.', 'a/./b', '~root/x', 'con:']) {
    expect((await mary.command(`CREATE ${name}`)).tagged, name).toMatch(/^OK /);
    expect((await mary.command(`SELECT ${name}`)).tagged, name).toMatch(/^OK \[READ-WRITE\]/);
  }
  expect((await mary.command('STATUS x (MESSAGES)')).tagged).toMatch(/^NO \[NONEXISTENT\]/);
  expect((await mary.command('STATUS etc/passwd (MESSAGES)')).tagged).toMatch(/^NO \[NONEXISTENT\]/);
});

test('hardening 32: mailboxes named __proto__, constructor and toString are mailboxes', async () => {
  await using mary = await server.logIn();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    await mary.dialogue`
      C: a1 CREATE ${name}
      S: a1 OK ...
      C: a2 LIST "" ${name}
      S: * LIST (\HasNoChildren) "/" ${name}
      S: a2 OK ...
      C: a3 SELECT ${name}
      S: ...
      S: a3 OK [READ-WRITE]...
      C: a4 STATUS ${name} (MESSAGES)
      S: * STATUS ${name} (MESSAGES 0)
      S: a4 OK ...
      C: a5 DELETE ${name}
      S: a5 OK ...
    `;
  }
});

test('RFC 6154 §3: a mailbox with a special use, which one mailbox has', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE Bin (USE (\Trash))
    S: a1 NO [USEATTR]...
    C: a2 DELETE Trash
    S: a2 OK ...
    C: a3 CREATE Post/Bin (USE (\trash))
    S: a3 OK ...
    C: a4 LIST (SPECIAL-USE) "" * RETURN (SPECIAL-USE)
    S: * LIST (\HasNoChildren \Archive) "/" Archive
    S: * LIST (\HasNoChildren \Drafts) "/" Drafts
    S: * LIST (\HasNoChildren \Junk) "/" Junk
    S: * LIST (\HasNoChildren \Trash) "/" Post/Bin
    S: * LIST (\HasNoChildren \Sent) "/" Sent
    S: a4 OK ...
    C: a5 CREATE Everything (USE (\All))
    S: a5 NO [USEATTR]...
    C: a6 CREATE Both (USE (\Drafts \Sent))
    S: a6 NO [USEATTR]...
    C: a7 CREATE Plain (USE ())
    S: a7 OK ...
    C: a8 CREATE Odd (COLOUR (red))
    S: a8 BAD ...
    C: a9 CREATE Odd ()
    S: a9 BAD ...
    C: b1 LIST "" (Bin Everything Both Plain Odd)
    S: * LIST (\HasNoChildren) "/" Plain
    S: b1 OK ...
  `;
});

test('hardening 45: twins in NFC and NFD are one mailbox, told in NFC, found by both', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE "Gru&AwgA3w-e"
    S: a1 OK ...
    C: a2 CREATE "Gr&APwA3w-e"
    S: a2 NO [ALREADYEXISTS]...
    C: a3 LIST "" Gr*
    S: * LIST (\HasNoChildren) "/" Gr&APwA3w-e
    S: a3 OK ...
    C: a4 LIST "" "Gru&AwgA3w-%"
    S: * LIST (\HasNoChildren) "/" Gr&APwA3w-e
    S: a4 OK ...
    C: a5 STATUS "Gru&AwgA3w-e" (MESSAGES)
    S: * STATUS Gr&APwA3w-e (MESSAGES 0)
    S: a5 OK ...
    C: a6 SUBSCRIBE "Gru&AwgA3w-e"
    S: a6 OK ...
    C: a7 RENAME "Gru&AwgA3w-e" plain
    S: a7 OK ...
    C: a8 LSUB "" Gr*
    S: * LSUB () "/" Gr&APwA3w-e
    S: a8 OK ...
  `;
});

test('hardening 45: INBOX in every case of US-ASCII and in no other', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE iNbOx
    S: a1 NO [ALREADYEXISTS]...
    C: a2 CREATE inbox/
    S: a2 NO [ALREADYEXISTS]...
    C: a3 CREATE inboxes
    S: a3 OK ...
    C: a4 CREATE "&ATE-nbox"
    S: a4 OK ...
    C: a5 LIST "" "*nbox*"
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" inboxes
    S: * LIST (\HasNoChildren) "/" &ATE-nbox
    S: a5 OK ...
    C: a6 LIST "" "&ATE-nbox"
    S: * LIST (\HasNoChildren) "/" &ATE-nbox
    S: a6 OK ...
    C: a7 DELETE "&ATE-nbox"
    S: a7 OK ...
  `;
});

test('hardening 45: odd names that are none of a file are names', async () => {
  await using mary = await server.logIn();
  for (const name of ['%2e', '...', '..x', 'C:\\\\x', '~root', '#news', 'a b', '-', 'NIL', '[x]', 'a{3}', '$(id)']) {
    const quoted = `"${name}"`;
    if (name.includes('%')) {
      expect((await mary.command(`CREATE ${quoted}`)).tagged, name).toMatch(/^NO \[CANNOT\]/);
      continue;
    }
    for (const command of ['CREATE', 'SELECT', 'DELETE']) {
      expect((await mary.command(`${command} ${quoted}`)).tagged, `${command} ${name}`).toMatch(/^OK /);
    }
  }
});

test('hardening 45: what is no Net-Unicode names no new mailbox', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE plain');
  for (const [what, name] of [
    ['U+0378, which is assigned to nothing', 'a&A3g-'],
    ['U+FDD0, which is no character', '&,dA-'],
    ['U+10FFFF, which is none either', '&2,,f,w-'],
    ['a byte order mark at the beginning', '&,v8-a'],
  ]) {
    for (const command of [`CREATE ${name}`, `SUBSCRIBE ${name}`, `RENAME plain ${name}`, `CREATE above/${name}`]) {
      if (command.startsWith('CREATE above') && name === '&,v8-a') continue;
      expect((await mary.command(command)).tagged, `${command}: ${what}`).toMatch(/^NO \[CANNOT\] Not a mailbox name/);
    }
    expect((await mary.command(`STATUS ${name} (MESSAGES)`)).tagged, what).toMatch(/^NO \[NONEXISTENT\]/);
  }
  for (const [what, name] of [
    ['a NUL', '&AAA-'],
    ['U+0085, next line', 'a&AIU-b'],
    ['U+2028, line separator', 'a&ICg-b'],
    ['U+2029, paragraph separator', 'a&ICk-b'],
    ['a lone surrogate', '&2D0-'],
  ]) {
    expect((await mary.command(`CREATE ${name}`)).tagged, what).toMatch(/^NO \[CANNOT\]/);
    expect((await mary.command(`LIST "" ${name}`)).tagged, what).toMatch(/^NO \[CANNOT\]/);
  }
  for (const name of ['&2D3eAA-', '&4AA-', 'a&,v8-b', '&IA0-a']) {
    expect((await mary.command(`CREATE ${name}`)).tagged, name).toMatch(/^OK /);
  }
});

test('hardening 45: ten thousand levels', async () => {
  await using mary = await server.logIn();
  const name = Array(10_000).fill('a').join('/');
  for (const command of ['CREATE', 'SUBSCRIBE', 'RENAME INBOX', 'RENAME Sent']) {
    expect((await mary.command(`${command} ${name}`)).tagged, command).toMatch(/^NO \[CANNOT\]/);
  }
  for (const command of ['SELECT', 'DELETE', 'GETMETADATA']) {
    const { tagged } = await mary.command(`${command} ${name}${command === 'GETMETADATA' ? ' /private/a' : ''}`);
    expect(tagged, command).toMatch(/^NO \[NONEXISTENT\]/);
  }
  expect((await mary.command(`LIST "" ${name}`)).untagged).toEqual([]);
});

test('hardening 45: a name of 100,000 octets is refused, in whatever disorder its marks stand', async () => {
  await using mary = await server.logIn();
  const marks = Buffer.from('\u0301\u0316'.repeat(18_000), 'utf16le')
    .swap16()
    .toString('base64')
    .replace(/=+$/, '')
    .replaceAll('/', ',');
  for (const name of ['x'.repeat(100_000), `a&${marks}-`]) {
    for (const command of ['CREATE', 'SUBSCRIBE']) {
      const { tagged } = await mary.command(`${command} {${name.length}+}\r\n${name}`);
      expect(tagged).toMatch(/^NO \[CANNOT\]/);
    }
    expect((await mary.command(`SELECT {${name.length}+}\r\n${name}`)).tagged).toMatch(/^NO \[NONEXISTENT\]/);
    expect((await mary.command(`LIST "" {${name.length}+}\r\n${name}`)).tagged).toMatch(/^OK /);
  }
});

test('a mailbox of as many levels as there may be', async () => {
  await using mary = await server.logIn();
  const deep = Array.from({ length: 100 }, (_, i) => i).join('/');
  expect((await mary.command(`CREATE ${deep}`)).tagged).toMatch(/^OK /);
  expect((await mary.command(`CREATE ${deep}/x`)).tagged).toMatch(/^NO \[CANNOT\]/);
  const { untagged } = await mary.command('LIST "" 0*');
  expect(untagged).toHaveLength(100);
});

import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('LIST names mailboxes with their attributes', async () => {
  await using mary = await server.logIn();
  await mary.command('CREATE Work/Old');
  await mary.dialogue`
    C: a1 LIST "" *
    S: ...
    S: * LIST (\HasNoChildren) "/" INBOX
    S: ...
    S: * LIST (\HasChildren) "/" Work
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a1 OK ...
    C: a2 LIST "" Work/%
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a2 OK ...
    C: a3 LIST Work/ Ol*
    S: * LIST (\HasNoChildren) "/" Work/Old
    S: a3 OK ...
    C: a4 LIST "" inbox
    S: * LIST (\HasNoChildren) "/" INBOX
    S: a4 OK ...
    C: a5 LIST "" Nothing
    S: a5 OK ...
  `;
});

test('LIST with an empty pattern tells the hierarchy delimiter', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 LIST "" ""
    S: * LIST (\Noselect) "/" ""
    S: a1 OK ...
  `;
});

test('names beyond US-ASCII are modified UTF-7, and malformed ones are refused', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE "B&AOk-b&AOk- & co"
    S: a1 NO [CANNOT] Mailbox name is not valid modified UTF-7...
    C: a2 CREATE "B&AOk-b&AOk- &- co"
    S: a2 OK ...
    C: a3 LIST "" "B*"
    S: * LIST (\HasNoChildren) "/" "B&AOk-b&AOk- &- co"
    S: a3 OK ...
    C: a4 STATUS "B&AOk-b&AOk- &- co" (MESSAGES)
    S: * STATUS "B&AOk-b&AOk- &- co" (MESSAGES 0)
    S: a4 OK ...
    C: a5 LIST "" "B&"
    S: a5 NO [CANNOT]...
  `;
});

test('hardening 14: control characters and octets that are no UTF-7 in names', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE {5+}
    C: a	b:c
    S: a1 NO [CANNOT]...
    C: a2 CREATE "a&AAA-b"
    S: a2 NO [CANNOT]...
  `;
  mary.send('a3 CREATE "caf\xe9"\r\n');
  await mary.dialogue`
    S: a3 NO [CANNOT]...
  `;
  mary.send('a4 CREATE "a\0b"\r\n');
  await mary.dialogue`
    S: a4 BAD ...
  `;
  mary.send('a5 CREATE {3+}\r\na\0b\r\n');
  await mary.dialogue`
    S: a5 BAD ...
  `;
});

test('LIST needs two arguments and a login', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LIST "" *
    S: a1 BAD Log in first...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 LIST ""
    S: a1 BAD ...
    C: a2 LIST "" ()
    S: a2 BAD ...
    C: a3 LIST
    S: a3 BAD ...
    C: a4 LIST "" * *
    S: a4 BAD ...
    C: a5 LIST "" * RETURN
    S: a5 BAD ...
    C: a6 LIST "" * RETURN (NOTHING)
    S: a6 BAD Unknown option...
    C: b2 LIST "" * RETURN (STATUS)
    S: b2 BAD ...
    C: b3 LIST "" * RETURN (STATUS ())
    S: b3 BAD ...
    C: b4 LIST "" * RETURN (STATUS (NOSUCH))
    S: b4 BAD ...
    C: a7 LIST (NOSUCH) "" *
    S: a7 BAD Unknown option...
    C: a8 LIST (RECURSIVEMATCH) "" *
    S: a8 BAD ...
    C: a9 LIST (REMOTE RECURSIVEMATCH) "" *
    S: a9 BAD ...
    C: b1 LIST (RECURSIVEMATCH SPECIAL-USE) "" *
    S: b1 BAD ...
  `;
});

/** The mailboxes of the examples of RFC 5258 §5, and what is subscribed there. */
async function fruit() {
  const client = await server.logIn();
  for (const name of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']) {
    await client.command(`DELETE ${name}`);
    await client.command(`UNSUBSCRIBE ${name}`);
  }
  for (const name of ['Fruit/Apple', 'Fruit/Banana', 'Tofu', 'Vegetable/Broccoli', 'Vegetable/Corn']) {
    await client.command(`CREATE ${name}`);
  }
  for (const name of ['Fruit/Banana', 'Fruit/Peach', 'Vegetable', 'Vegetable/Broccoli']) {
    await client.command(`SUBSCRIBE ${name}`);
  }
  return client;
}

test('RFC 5258 §5: selection and return options', async () => {
  await using mary = await fruit();
  await mary.dialogue`
    C: A02 LIST (SUBSCRIBED) "" "*"
    S: * LIST (\HasNoChildren \Subscribed) "/" Fruit/Banana
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Fruit/Peach
    S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
    S: * LIST (\HasChildren \Subscribed) "/" Vegetable
    S: * LIST (\HasNoChildren \Subscribed) "/" Vegetable/Broccoli
    S: A02 OK ...
    C: A03 LIST () "" "%" RETURN (CHILDREN)
    S: * LIST (\HasChildren) "/" Fruit
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * LIST (\HasNoChildren) "/" Tofu
    S: * LIST (\HasChildren) "/" Vegetable
    S: A03 OK ...
    C: A04 list (remote) "" (F*e *orn) return (subscribed children subscribed)
    S: * LIST (\HasNoChildren) "/" Fruit/Apple
    S: * LIST (\HasNoChildren) "/" Vegetable/Corn
    S: A04 OK ...
    C: A05 LIST "" ("INBOX" "Drafts" "Fruit/%" "" "inbox") RETURN ()
    S: * LIST (\HasNoChildren) "/" Fruit/Apple
    S: * LIST (\HasNoChildren) "/" Fruit/Banana
    S: * LIST (\HasNoChildren) "/" INBOX
    S: A05 OK ...
    C: A06 LIST () "" ""
    S: A06 OK ...
    C: A07 LIST (SPECIAL-USE SUBSCRIBED) "" *
    S: A07 OK ...
  `;
});

test('RFC 5258 §5: RECURSIVEMATCH tells of what is below and does not match', async () => {
  await using mary = await fruit();
  await mary.dialogue`
    C: C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"
    S: * LIST (\HasChildren) "/" Fruit ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
    S: * LIST (\HasChildren \Subscribed) "/" Vegetable ("CHILDINFO" ("SUBSCRIBED"))
    S: C04 OK ...
    C: C05 DELETE Fruit
    S: C05 OK ...
    C: C06 DELETE Fruit/Apple
    S: C06 OK ...
    C: C07 DELETE Fruit/Banana
    S: C07 OK ...
    C: C08 LIST (RECURSIVEMATCH SUBSCRIBED) "" "F%"
    S: * LIST (\NonExistent \HasNoChildren) "/" Fruit ("CHILDINFO" ("SUBSCRIBED"))
    S: C08 OK ...
    C: C09 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Fruit/Banana
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Fruit/Peach
    S: * LIST (\HasNoChildren \Subscribed) "/" INBOX
    S: * LIST (\HasChildren \Subscribed) "/" Vegetable
    S: * LIST (\HasNoChildren \Subscribed) "/" Vegetable/Broccoli
    S: C09 OK ...
    C: C10 CREATE Deep/Bin (USE (\Trash))
    S: C10 OK ...
    C: C11 SUBSCRIBE Deep/Bin
    S: C11 OK ...
    C: C12 LIST (SPECIAL-USE RECURSIVEMATCH SUBSCRIBED) "" %
    S: * LIST (\HasChildren) "/" Deep ("CHILDINFO" ("SUBSCRIBED"))
    S: C12 OK ...
  `;
});

test('RFC 5258 §5, example 9: CHILDINFO only for what does not match', async () => {
  await using mary = await server.logIn();
  for (const name of ['foo2/bar1', 'foo2/bar2', 'baz2/bar2', 'baz2/bar22', 'baz2/bar222', 'eps2/mamba', 'qux2/bar2']) {
    await mary.command(`CREATE ${name}`);
    await mary.command(`SUBSCRIBE ${name}`);
  }
  await mary.command('SUBSCRIBE eps2');
  await mary.command('DELETE qux2');
  await mary.dialogue`
    C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"
    S: * LIST (\HasNoChildren \Subscribed) "/" baz2/bar2
    S: * LIST (\HasNoChildren \Subscribed) "/" baz2/bar22
    S: * LIST (\HasNoChildren \Subscribed) "/" baz2/bar222
    S: * LIST (\HasChildren \Subscribed) "/" eps2 ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\HasChildren) "/" foo2 ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\HasNoChildren \Subscribed) "/" foo2/bar2
    S: * LIST (\HasNoChildren \Subscribed) "/" qux2/bar2
    S: D03 OK ...
  `;
});

test('a name asked for alone is told with what its children and parents say of it', async () => {
  await using mary = await server.logIn();
  for (const name of ['a/b', 'a0', 'a-', 'INBOX/x']) await mary.command(`CREATE ${name}`);
  await mary.dialogue`
    C: a1 LIST "" a
    S: * LIST (\HasChildren) "/" a
    S: a1 OK ...
    C: a2 LIST "" a/b
    S: * LIST (\HasNoChildren) "/" a/b
    S: a2 OK ...
    C: a3 LIST a /%
    S: * LIST (\HasNoChildren) "/" a/b
    S: a3 OK ...
    C: a4 LIST "" a/
    S: a4 OK ...
    C: a5 LIST "" iNbOx/X
    S: a5 OK ...
    C: a6 LIST "iNbOx/" x
    S: * LIST (\HasNoChildren) "/" INBOX/x
    S: a6 OK ...
    C: a7 LIST "" inb%
    S: * LIST (\HasChildren) "/" INBOX
    S: a7 OK ...
  `;
});

test('hardening 46: a hundred patterns at most, and one that costs too much ends with NO', async () => {
  await using mary = await server.logIn();
  const patterns = (count: number) => Array.from({ length: count }, (_, i) => `a${i}*`).join(' ');
  expect((await mary.command(`LIST "" (${patterns(100)})`)).tagged).toMatch(/^OK /);
  expect((await mary.command(`LIST "" (${patterns(101)})`)).tagged).toMatch(/^NO \[LIMIT\]/);
  const name = 'a'.repeat(1_000);
  for (let i = 0; i < 5; i++) await mary.command(`CREATE {1000+}\r\n${name.slice(0, 998)}${10 + i}`);
  const costly = `(${Array(60)
    .fill(`${'*a'.repeat(500)}`)
    .join(' ')})`;
  expect((await mary.command(`LIST "" ${costly}`)).tagged).toMatch(/^NO \[LIMIT\]/);
  expect((await mary.command('NOOP')).tagged).toMatch(/^OK /);
}, 30_000);

test('RFC 5819 §2: LIST with the STATUS of each mailbox that there is', async () => {
  await using mary = await fruit();
  await mary.append('Fruit/Apple', 'Subject: one\r\n\r\n', '\\Seen');
  await mary.append('Fruit/Apple', 'Subject: two\r\n\r\n');
  await mary.command('DELETE Fruit');
  await mary.dialogue`
    C: a1 LIST "" F* RETURN (STATUS (MESSAGES UNSEEN messages) CHILDREN)
    S: * LIST (\NonExistent \HasChildren) "/" Fruit
    S: * LIST (\HasNoChildren) "/" Fruit/Apple
    S: * STATUS Fruit/Apple (MESSAGES 2 UNSEEN 1)
    S: * LIST (\HasNoChildren) "/" Fruit/Banana
    S: * STATUS Fruit/Banana (MESSAGES 0 UNSEEN 0)
    S: a1 OK ...
    C: a2 LIST (SUBSCRIBED) "" Fruit/% RETURN (STATUS (UIDNEXT))
    S: * LIST (\HasNoChildren \Subscribed) "/" Fruit/Banana
    S: * STATUS Fruit/Banana (UIDNEXT 1)
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Fruit/Peach
    S: a2 OK ...
    C: a3 LIST "" inbox RETURN (STATUS (MESSAGES))
    S: * LIST (\HasNoChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 0)
    S: a3 OK ...
  `;
});

test('RFC 9590: LIST with metadata of each mailbox that there is', async () => {
  await using mary = await fruit();
  await mary.command('DELETE Fruit');
  await mary.command('CREATE Fruit/Bin (USE (\\Trash))');
  await mary.dialogue`
    C: a1 SETMETADATA Fruit/Apple (/shared/vendor/example/colour "#b71c1c" /private/comment {3+}
    C: a"b)
    S: a1 OK ...
    C: a2 LIST "" Fruit% RETURN (METADATA (/shared/vendor/Example/colour))
    S: * LIST (\NonExistent \HasChildren) "/" Fruit
    S: a2 OK ...
    C: a3 LIST "" Fruit/% RETURN (METADATA (/shared/vendor/Example/colour) STATUS (MESSAGES))
    S: * LIST (\HasNoChildren) "/" Fruit/Apple
    S: * STATUS Fruit/Apple (MESSAGES 0)
    S: * METADATA Fruit/Apple (/shared/vendor/Example/colour "#b71c1c")
    S: * LIST (\HasNoChildren) "/" Fruit/Banana
    S: * STATUS Fruit/Banana (MESSAGES 0)
    S: * METADATA Fruit/Banana (/shared/vendor/Example/colour NIL)
    S: * LIST (\HasNoChildren \Trash) "/" Fruit/Bin
    S: * STATUS Fruit/Bin (MESSAGES 0)
    S: * METADATA Fruit/Bin (/shared/vendor/Example/colour NIL)
    S: a3 OK ...
    C: a4 LIST (SUBSCRIBED) "" Fruit/% RETURN (METADATA ("/private/comment" /shared/comment))
    S: * LIST (\HasNoChildren \Subscribed) "/" Fruit/Banana
    S: * METADATA Fruit/Banana (/private/comment NIL /shared/comment NIL)
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" Fruit/Peach
    S: a4 OK ...
    C: a5 LIST (SPECIAL-USE) "" * RETURN (METADATA (/private/specialuse /private/comment))
    S: * LIST (\HasNoChildren \Trash) "/" Fruit/Bin
    S: * METADATA Fruit/Bin (/private/specialuse "\\Trash" /private/comment NIL)
    S: a5 OK ...
    C: a6 LIST "" Fruit/Apple RETURN (METADATA (/private/comment))
    S: * LIST (\HasNoChildren) "/" Fruit/Apple
    S: * METADATA Fruit/Apple (/private/comment "a\"b")
    S: a6 OK ...
    C: b1 LIST "" * RETURN (METADATA)
    S: b1 BAD ...
    C: b2 LIST "" * RETURN (METADATA ())
    S: b2 BAD ...
    C: b3 LIST "" * RETURN (METADATA (/comment))
    S: b3 BAD ...
    C: b4 LIST "" * RETURN (METADATA (/shared/comment "/private/comment" ))
    S: b4 BAD ...
  `;
});

test('RFC 6154, RFC 8457: special uses select and are told, each of one mailbox', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: t1 CREATE "Important Messages" (USE (\Important))
    S: t1 OK ...
    C: t2 LIST "" "Imp*"
    S: * LIST (\HasNoChildren \Important) "/" "Important Messages"
    S: t2 OK ...
    C: t3 CREATE Others (USE (\Important))
    S: t3 NO [USEATTR] ...
    C: t4 CREATE Others (USE (\Sent \Drafts))
    S: t4 NO [USEATTR] ...
    C: t5 CREATE Others (USE (\Flagged))
    S: t5 NO [USEATTR] ...
    C: t6 CREATE Others (USE ())
    S: t6 OK ...
    C: t7 LIST (SPECIAL-USE) "" (Important* Others Sent) RETURN (SPECIAL-USE)
    S: * LIST (\HasNoChildren \Important) "/" "Important Messages"
    S: * LIST (\HasNoChildren \Sent) "/" Sent
    S: t7 OK ...
    C: t8 LIST (SPECIAL-USE SUBSCRIBED) "" "Imp*"
    S: t8 OK ...
  `;
});

/** SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314), and MYRIGHTS in LIST (RFC 8440). */
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const ALL = 'lrswipkxteacd';

async function twoPeople() {
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  return { mary, john, hers: await server.logIn(mary), his: await server.logIn(john) };
}

test('RFC 4314 §3: the owner has all rights, gives some of them to others, and takes them away', async () => {
  const { mary, john, hers } = await twoPeople();
  await using client = hers;
  await client.dialogue`
    C: a1 GETACL inbox
    S: * ACL INBOX ${mary.name} ${ALL}
    S: a1 OK ...
    C: a2 SETACL INBOX ${john.name} lrs
    S: a2 OK ...
    C: a3 SETACL INBOX ${john.name} +da
    S: a3 OK ...
    C: a4 GETACL INBOX
    S: * ACL INBOX ${mary.name} ${ALL} ${john.name} lrstead
    S: a4 OK ...
    C: a5 SETACL INBOX ${john.name} -dr
    S: a5 OK ...
    C: a6 SETACL INBOX -${john.name} c
    S: a6 OK ...
    C: a7 GETACL INBOX
    S: * ACL INBOX ${mary.name} ${ALL} ${john.name} lsa -${john.name} kxc
    S: a7 OK ...
    C: a8 DELETEACL INBOX ${john.name}
    S: a8 OK ...
    C: a9 SETACL INBOX -${john.name} ""
    S: a9 OK ...
    C: b1 GETACL INBOX
    S: * ACL INBOX ${mary.name} ${ALL}
    S: b1 OK ...
    C: b2 DELETEACL INBOX ${john.name}
    S: b2 OK ...
    C: b3 SETACL INBOX ${john.name} +
    S: b3 OK ...
    C: b4 MYRIGHTS INBOX
    S: * MYRIGHTS INBOX ${ALL}
    S: b4 OK ...
    C: b5 MYRIGHTS nowhere
    S: b5 NO [NONEXISTENT] ...
  `;
});

test('RFC 4314 §2: people are named by whatever they log in with, and told by the name of the account', async () => {
  const { mary, john, hers } = await twoPeople();
  await using client = hers;
  await client.dialogue`
    C: a1 SETACL INBOX ${john.address.toUpperCase()} lr
    S: a1 OK ...
    C: a2 SETACL INBOX ${john.name.toUpperCase()} +s
    S: a2 OK ...
    C: a3 GETACL INBOX
    S: * ACL INBOX ${mary.name} ${ALL} ${john.name} lrs
    S: a3 OK ...
    C: a4 LISTRIGHTS INBOX ${john.address}
    S: * LISTRIGHTS INBOX ${john.address} "" l r s w i p k x t e a c d
    S: a4 OK ...
    C: a5 LISTRIGHTS INBOX -anyone
    S: * LISTRIGHTS INBOX -anyone "" l r s w i p k x t e a c d
    S: a5 OK ...
    C: a6 LISTRIGHTS INBOX ${mary.address}
    S: * LISTRIGHTS INBOX ${mary.address} ${ALL}
    S: a6 OK ...
    C: a7 SETACL INBOX ${john.name}-who-is-not-there lr
    S: a7 NO [CANNOT] There is nobody...
    C: a8 LISTRIGHTS INBOX nobody@elsewhere.example
    S: a8 NO [CANNOT] ...
    C: a9 DELETEACL INBOX "$group"
    S: a9 NO [CANNOT] ...
  `;
});

test('nobody takes a right from the owner, by any name', async () => {
  const { mary, hers } = await twoPeople();
  await using client = hers;
  for (const refused of [
    `SETACL INBOX ${mary.name} lr`,
    `SETACL INBOX ${mary.name} ""`,
    `SETACL INBOX ${mary.address} -e`,
    `SETACL INBOX -${mary.name} e`,
    `SETACL INBOX -${mary.name} +e`,
    `DELETEACL INBOX ${mary.name}`,
  ]) {
    expect((await client.command(refused)).tagged, refused).toMatch(/^NO \[CANNOT\] The owner/);
  }
  for (const taken of [`${mary.name} lrswipkxtea`, `${mary.name} +e`, `${mary.name} lrswipcda`, `-${mary.name} -e`]) {
    expect((await client.command(`SETACL INBOX ${taken}`)).tagged, taken).toMatch(/^OK /);
  }
});

test('RFC 4314 §3, §3.1: unknown rights, and identifiers that are none, are BAD', async () => {
  const { john, hers } = await twoPeople();
  await using client = hers;
  for (const args of [
    `INBOX ${john.name} lrQ`,
    `INBOX ${john.name} lrq`,
    `INBOX ${john.name} +L`,
    `INBOX ${john.name} l0`,
    `INBOX ${john.name} l+r`,
    `INBOX ${john.name}`,
    'INBOX "" lr',
    'INBOX - lr',
    'INBOX {1+}\r\n\u0007 lr',
    `INBOX ${john.name} lr more`,
  ]) {
    expect((await client.command(`SETACL ${args}`)).tagged, args).toMatch(/^BAD /);
  }
  expect((await client.command('GETACL')).tagged).toMatch(/^BAD /);
  expect((await client.command('MYRIGHTS INBOX INBOX')).tagged).toMatch(/^BAD /);
  expect((await client.command('LISTRIGHTS INBOX')).tagged).toMatch(/^BAD /);
});

test('RFC 2342: the mailboxes of others stand in a namespace of their own, where nobody has mailboxes', async () => {
  const { john, hers } = await twoPeople();
  await using client = hers;
  await client.dialogue`
    C: a1 NAMESPACE
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: a1 OK ...
    C: a2 CREATE "Other Users"
    S: a2 NO [NOPERM] ...
    C: a3 CREATE "Other Users/${john.name}/Work"
    S: a3 NO [NOPERM] ...
    C: a4 CREATE "Other Users/nobody/Work"
    S: a4 NO [NOPERM] ...
    C: a5 CREATE "Other UsersX"
    S: a5 OK ...
    C: a6 RENAME "Other UsersX" "Other Users/mine"
    S: a6 NO [NOPERM] ...
    C: a7 LIST "" "Other Users*"
    S: * LIST (\HasNoChildren) "/" "Other UsersX"
    S: a7 OK ...
    C: a8 SUBSCRIBE "Other Users/${john.name}/Work"
    S: a8 OK ...
    C: a9 LIST (SUBSCRIBED) "" "Other Users/*"
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "Other Users/${john.name}/Work"
    S: a9 OK ...
  `;
});

test('RFC 8440 §3: LIST tells rights behind each name that is a mailbox', async () => {
  const { mary, john, hers, his } = await twoPeople();
  await using owner = hers;
  await using reader = his;
  await owner.command('CREATE a/b');
  await owner.command('DELETE a');
  await owner.command(`SETACL a/b ${john.name} lrs`);
  await owner.dialogue`
    C: a1 LIST "" "a*" RETURN (MYRIGHTS)
    S: * LIST (\NonExistent \HasChildren) "/" a
    S: * LIST (\HasNoChildren) "/" a/b
    S: * MYRIGHTS a/b ${ALL}
    S: a1 OK ...
    C: a2 SUBSCRIBE a/b
    S: a2 OK ...
    C: a3 CREATE a
    S: a3 OK ...
    C: a4 LIST (SUBSCRIBED RECURSIVEMATCH) "" a% RETURN (MYRIGHTS)
    S: * LIST (\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))
    S: a4 OK ...
  `;
  await reader.dialogue`
    C: a1 LIST "" "Other Users/*" RETURN (MYRIGHTS STATUS (MESSAGES))
    S: * LIST (\NonExistent \HasChildren) "/" "Other Users/${mary.name}"
    S: * LIST (\NonExistent \HasChildren) "/" "Other Users/${mary.name}/a"
    S: * LIST (\HasNoChildren) "/" "Other Users/${mary.name}/a/b"
    S: * MYRIGHTS "Other Users/${mary.name}/a/b" lrs
    S: * STATUS "Other Users/${mary.name}/a/b" (MESSAGES 0)
    S: a1 OK ...
    C: a2 LIST "" %
    S: * LIST ...
    S: * LIST ...
    S: * LIST ...
    S: * LIST ...
    S: * LIST (\Noselect \HasChildren) "/" "Other Users"
    S: * LIST ...
    S: * LIST ...
    S: a2 OK ...
  `;
});

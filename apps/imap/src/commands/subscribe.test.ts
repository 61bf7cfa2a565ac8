import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('SUBSCRIBE and UNSUBSCRIBE, of names that exist and of others', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SUBSCRIBE #news.comp.mail.mime
    S: a1 OK Subscribed
    C: a2 SUBSCRIBE #news.comp.mail.mime
    S: a2 OK Subscribed
    C: a3 LSUB "#news." "comp.*"
    S: * LSUB () "/" #news.comp.mail.mime
    S: a3 OK ...
    C: a4 UNSUBSCRIBE #news.comp.mail.mime
    S: a4 OK Unsubscribed
    C: a5 UNSUBSCRIBE #news.comp.mail.mime
    S: a5 OK Unsubscribed
    C: a6 LSUB "" #*
    S: a6 OK ...
    C: a7 SUBSCRIBE "a*"
    S: a7 NO [CANNOT]...
    C: a8 SUBSCRIBE ""
    S: a8 NO [CANNOT]...
    C: a9 SUBSCRIBE
    S: a9 BAD ...
  `;
});

test('RFC 3501 §6.3.6: a subscription outlives its mailbox', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 CREATE system-alerts
    S: a1 OK ...
    C: a2 SUBSCRIBE system-alerts
    S: a2 OK ...
    C: a3 DELETE system-alerts
    S: a3 OK ...
    C: a4 LSUB "" s*
    S: * LSUB () "/" system-alerts
    S: a4 OK ...
    C: a5 LIST "" s*
    S: a5 OK ...
    C: a6 LIST "" s* RETURN (SUBSCRIBED)
    S: a6 OK ...
    C: a7 LIST (SUBSCRIBED) "" s*
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" system-alerts
    S: a7 OK ...
  `;
});

test('RFC 3501 §6.3.9: LSUB with % tells the levels above what is subscribed', async () => {
  await using mary = await server.logIn();
  for (const name of ['foo/bar', 'x/y/z', 'both', 'both/below']) await mary.command(`SUBSCRIBE ${name}`);
  for (const name of ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash']) await mary.command(`UNSUBSCRIBE ${name}`);
  await mary.dialogue`
    C: a1 LSUB "" %
    S: * LSUB () "/" INBOX
    S: * LSUB () "/" both
    S: * LSUB (\Noselect) "/" foo
    S: * LSUB (\Noselect) "/" x
    S: a1 OK ...
    C: a2 LSUB "" *
    S: * LSUB () "/" INBOX
    S: * LSUB () "/" both
    S: * LSUB () "/" both/below
    S: * LSUB () "/" foo/bar
    S: * LSUB () "/" x/y/z
    S: a2 OK ...
    C: a3 LSUB "x/" %
    S: * LSUB (\Noselect) "/" x/y
    S: a3 OK ...
    C: a4 LSUB "" %/%
    S: * LSUB () "/" both/below
    S: * LSUB () "/" foo/bar
    S: * LSUB (\Noselect) "/" x/y
    S: a4 OK ...
    C: a5 LSUB "" ""
    S: * LSUB (\Noselect) "/" ""
    S: a5 OK ...
    C: a6 LSUB "" inbox
    S: * LSUB () "/" INBOX
    S: a6 OK ...
    C: a7 LSUB "" foo
    S: a7 OK ...
  `;
});

test('hardening 32: names of object properties are subscribed like others', async () => {
  await using mary = await server.logIn();
  for (const name of ['__proto__', '__proto__/constructor', 'toString']) {
    expect((await mary.command(`SUBSCRIBE ${name}`)).tagged).toMatch(/^OK /);
  }
  await mary.dialogue`
    C: a1 LIST (SUBSCRIBED RECURSIVEMATCH) "" (__proto__ constructor toString)
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" __proto__ ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" toString
    S: a1 OK ...
  `;
});

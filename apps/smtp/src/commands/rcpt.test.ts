import { expect, test } from 'vitest';
import { RECIPIENTS } from '../limits.ts';
import { MailServer } from '../testing/mail-server.ts';

test('RCPT takes what is local and exists', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  await client.command(`MAIL FROM:<${account.address}>`);
  for (const [path, reply] of [
    [account.address, /^250 2\.1\.5 /],
    [`@relay.example,@another.example:${account.address}`, /^250 /],
    ['anybody@localhost', /^250 /],
    ['Postmaster', /^250 /],
    ['postmaster@localhost', /^250 /],
    ['nobody@strict.localhost', /^550 5\.1\.1 /],
    ['somebody@example.com', /^550 5\.7\.1 .*other servers/],
    ['somebody@[127.0.0.1]', /^550 5\.7\.1 /],
    ['', /^501 5\.1\.3 /],
    ['nobody', /^501 5\.1\.3 /],
    [`${'a'.repeat(250)}@localhost`, /^501 5\.1\.3 /],
  ] as const) {
    expect(await client.command(`RCPT TO:<${path}>`), path).toMatch(reply);
  }
  expect(await client.command(`RCPT TO:<${account.address}> NOTIFY=NEVER`)).toMatch(/^250 /);
  expect(await client.command(`RCPT TO:<${account.address}> NOTIFY=ALWAYS`)).toMatch(/^501 5\.5\.4 /);
  expect(await client.command(`RCPT TO:<${account.address}> RRVS=2026-11-23`)).toMatch(/^555 5\.5\.4 /);
  expect(await client.command(`RCPT TO: <${account.address}>`)).toMatch(/^250 /);
  expect(await client.command(`RCPT ${account.address}`)).toMatch(/^501 5\.5\.4 /);
});

test('an account named by several paths gets one message, several accounts one each', async () => {
  const server = new MailServer();
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  await using client = await server.logIn(mary);
  const list = mary.address.replace('@', '+list@');
  await client.dialogue`
    C: MAIL FROM:<${mary.address}>
    C: RCPT TO:<${list}>
    C: RCPT TO:<${mary.address}>
    C: RCPT TO:<${john.address}>
    C: DATA
    S: 250 2.1.0 ...
    S: 250 2.1.5 ...
    S: 250 2.1.5 ...
    S: 250 2.1.5 ...
    S: 354 ...
    C: Subject: to both
    C:
    C: text
    C: .
    S: 250 2.0.0 Accepted as {id}
  `;
  const [marys, johns] = [await server.messages(mary), await server.messages(john)];
  expect(marys).toHaveLength(1);
  expect(johns).toHaveLength(1);
  // Each sees the path by which the message came, and nobody else's.
  expect(marys[0]?.prefix).toContain(`for <${list}>`);
  expect(marys[0]?.prefix).not.toContain(john.name);
  expect(johns[0]?.prefix).toContain(`for <${john.address}>`);
});

test(`no more than ${RECIPIENTS} recipients`, async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  client.send(`MAIL FROM:<${account.address}>\r\n`);
  client.send(`RCPT TO:<${account.address}>\r\n`.repeat(RECIPIENTS + 1));
  for (let i = 0; i <= RECIPIENTS; i++) expect(await client.reply()).toEqual([expect.stringMatching(/^250 /)]);
  expect(await client.reply()).toEqual([expect.stringMatching(/^452 4\.5\.3 /)]);
});

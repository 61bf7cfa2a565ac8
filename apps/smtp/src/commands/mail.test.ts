import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

test('MAIL, RCPT and DATA want to be said in their order', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  await client.dialogue`
    C: RCPT TO:<${account.address}>
    S: 503 5.5.1 ...
    C: DATA
    S: 503 5.5.1 ...
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
    C: MAIL FROM:<${account.address}>
    S: 503 5.5.1 ...
    C: DATA
    S: 554 5.5.1 ...
    C: RCPT TO:<${account.address}>
    S: 503 5.5.1 ...
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
    C: RSET
    S: 250 2.0.0 ...
    C: RCPT TO:<${account.address}>
    S: 503 5.5.1 ...
  `;
});

test('the parameters of MAIL', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  for (const parameters of [
    'SIZE=1000',
    'size=104857600 body=8bitmime',
    'BODY=7BIT AUTH=<>',
    'body=BinaryMime',
    'RET=hdrs ENVID=QQ314159',
    'AUTH=mary+40example.com',
    'AUTH=e+3Dmc2@example.com',
    ' SIZE=0 ',
    'SMTPUTF8',
    'smtputf8 BODY=8BITMIME',
  ]) {
    expect(await client.command(`MAIL FROM:<${account.address}> ${parameters}`), parameters).toMatch(/^250 /);
    await client.command('RSET');
  }
  for (const [parameters, reply] of [
    ['SIZE=104857601', /^552 5\.3\.4 /],
    ['SIZE=99999999999999999999', /^552 5\.3\.4 /],
    ['SIZE=-1', /^501 5\.5\.4 /],
    ['SIZE=', /^501 5\.5\.4 /],
    ['SIZE', /^501 5\.5\.4 /],
    ['SIZE=1 SIZE=1', /^501 5\.5\.4 /],
    ['BODY=BINARY', /^501 5\.5\.4 /],
    ['BODY', /^501 5\.5\.4 /],
    ['AUTH=a+b', /^501 5\.5\.4 /],
    ['SMTPUTF8=1', /^501 5\.5\.4 /],
    ['RET=BODY', /^501 5\.5\.4 /],
    ['RET=FULL RET=FULL', /^501 5\.5\.4 /],
    ['ENVID=a+0D+0AX:+20y', /^501 5\.5\.4 /],
    ['AUTH=nobody', /^501 5\.5\.4 /],
    ['AUTH=mary+40example.com+3E', /^501 5\.5\.4 /],
    ['REQUIRETLS', /^530 5\.7\.10 /],
    ['REQUIRETLS=1', /^501 5\.5\.4 /],
    ['HOLDFOR=', /^501 5\.5\.4 /],
    ['__proto__=1', /^501 5\.5\.4 /],
    ['constructor=1', /^555 5\.5\.4 /],
    ['=1', /^501 5\.5\.4 /],
  ] as const) {
    expect(await client.command(`MAIL FROM:<${account.address}> ${parameters}`), parameters).toMatch(reply);
  }
});

test('one may send as one`s own addresses, their details, and nobody', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  const other = await server.addAccount();
  await using client = await server.logIn(account);
  const detail = account.address.replace('@', '+detail@');
  for (const path of [account.address, account.address.toUpperCase(), detail, `"${account.name}"@localhost`, '']) {
    expect(await client.command(`MAIL FROM:<${path}>`), path).toMatch(/^250 /);
    await client.command('RSET');
  }
  for (const path of [other.address, 'somebody@example.com', 'nobody@localhost', `${account.name}@[127.0.0.1]`]) {
    expect(await client.command(`MAIL FROM:<${path}>`), path).toMatch(/^550 5\.7\.1 /);
  }
  for (const path of ['postmaster', 'a b@localhost', '@localhost', 'a@', 'a@b@c', '.a@localhost', 'a@-b', 'a@b\x7f']) {
    expect(await client.command(`MAIL FROM:<${path}>`), path).toMatch(/^501 5\.(1\.7|5\.2) /);
  }
});

test('hardening 14: 8-bit and control characters in commands are refused, and reach neither log nor database', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.logIn(account);
  for (const path of ['\xe4@localhost', 'a\0@localhost', 'a\x1b[2J@localhost', 'a\rb@localhost', '\u00a0@localhost']) {
    expect(await client.command(`MAIL FROM:<${path}>`), JSON.stringify(path)).toMatch(/^501 5\.5\.2 /);
  }
  expect(await client.command('EHLO \xff\xfe')).toMatch(/^501 /);
});

test('without a login there is no MAIL', async () => {
  const server = new MailServer();
  await using client = await server.connectTls();
  await client.dialogue`
    C: MAIL FROM:<postel@localhost>
    S: 503 5.5.1 Say EHLO first...
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<postel@localhost>
    S: 530 5.7.0 ...
    C: RCPT TO:<postel@localhost>
    S: 530 5.7.0 ...
    C: DATA
    S: 530 5.7.0 ...
  `;
});

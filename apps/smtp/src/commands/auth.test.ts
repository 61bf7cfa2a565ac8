import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { base64, MailServer, plainResponse } from '../testing/mail-server.ts';
import { startOwnServer } from '../testing/own-server.ts';

test('AUTH PLAIN with an initial response, and without', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 503 5.5.1 ...
  `;
  await using another = await server.connectTls();
  await another.dialogue`
    C: EHLO client.example
    S: ...
    C: auth plain
    S: 334 
    C: ${plainResponse(account)}
    S: 235 2.7.0 ...
  `;
});

test('AUTH LOGIN, with the user name asked for or given', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH LOGIN
    S: 334 ${base64('Username:')}
    C: ${base64(account.address)}
    S: 334 ${base64('Password:')}
    C: ${base64(account.password)}
    S: 235 2.7.0 ...
  `;
  await using another = await server.connectTls();
  await another.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH LOGIN ${base64(account.name)}
    S: 334 ${base64('Password:')}
    C: ${base64(account.password)}
    S: 235 2.7.0 ...
  `;
});

test('wrong passwords and unknown users get the same answer, and after five of them the connection ends', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.command('EHLO client.example');
  const wrong = await client.command(`AUTH PLAIN ${plainResponse({ ...account, password: 'not the password' })}`);
  const unknown = await client.command(
    `AUTH PLAIN ${plainResponse({ name: 'nobody-here', password: 'whatever-it-is' })}`,
  );
  expect(wrong).toMatch(/^535 5\.7\.8 .*\([0-9a-f]{10}\)$/);
  expect(unknown).toBe(wrong);
  await client.dialogue`
    C: AUTH PLAIN ${plainResponse({ ...account, password: '' })}
    S: 535 5.7.8 ...
    C: AUTH PLAIN ${plainResponse({ name: account.name, password: account.password }, 'postel')}
    S: 535 5.7.8 ...
    C: AUTH PLAIN ${plainResponse({ ...account, password: 'not the password' })}
    S: 421 4.7.0 ...
    S: (closed)
  `;
});

test('hardening 6: AUTH inside a mail transaction, with too few or too many arguments, or an unknown mechanism', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: AUTH PLAIN ${plainResponse(account)}
    S: 503 5.5.1 ...
    C: HELO client.example
    S: 250 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 503 5.5.1 ...
    C: EHLO client.example
    S: ...
    C: AUTH
    S: 501 5.5.4 ...
    C: AUTH PLAIN a b
    S: 501 5.5.4 ...
    C: AUTH SCRAM-SHA-512
    S: 504 5.5.4 ...
    C: AUTH ANONYMOUS =
    S: 534 5.7.9 ...
    C: MAIL FROM:<${account.address}>
    S: 530 5.7.0 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 503 5.5.1 ...
  `;
});

test('hardening 19: responses that are cancelled, no base64, empty or too long leave the session as it was', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN
    S: 334 
    C: *
    S: 501 5.7.0 ...
    C: AUTH PLAIN !!!!
    S: 501 5.5.2 ...
    C: AUTH PLAIN YQ
    S: 501 5.5.2 ...
    C: AUTH PLAIN
    S: 334 
    C: not base64
    S: 501 5.5.2 ...
    C: AUTH PLAIN =
    S: 535 5.7.8 ...
    C: AUTH PLAIN ${'A'.repeat(12_292)}
    S: 500 5.5.6 ...
    C: AUTH PLAIN
    S: 334 
    C: ${'A'.repeat(12_292)}
    S: 500 5.5.6 ...
    C: AUTH PLAIN
    S: 334 
    C: ${'A'.repeat(20_000)}
    S: 500 5.5.6 ...
    C: AUTH PLAIN ${'A'.repeat(20_000)}
    S: 500 5.5.2 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
  `;
});

test('hardening 19: a response of 1 MB ends the connection, and others do not notice', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  await client.command('EHLO client.example');
  await client.command('AUTH PLAIN');
  await using other = await server.connectTls();
  const chunk = Buffer.alloc(16_384, 'A');
  const sent = client.sendAll(Array.from({ length: 64 }, () => chunk));
  await other.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
  `;
  await sent;
  expect((await client.closed())[0]).toMatch(/^500 5\.5\.6 /);
});

test('a password with octets beyond ASCII', async () => {
  const server = new MailServer();
  const account = await server.postel.addAccount('smtp', 'pässwörd – 密码');
  await using client = await server.connectTls();
  await client.command('EHLO client.example');
  expect(await client.command(`AUTH PLAIN ${plainResponse(account)}`)).toMatch(/^235 /);
});

test('no log tells a password, in whatever form it came', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connectTls();
  const misplaced = base64(account.password);
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN ${plainResponse({ ...account, name: 'nobody-here' })}
    S: 535 5.7.8 ...
    C: AUTH PLAIN ${account.password}
    S: 501 5.5.2 ...
    C: ${misplaced}
    S: 500 5.5.1 ...
    C: AUTH LOGIN ${base64(account.name)}
    S: 334 ...
    C: ${misplaced}
    S: 235 2.7.0 ...
    C: QUIT
    S: 221 ...
  `;
  await vi.waitFor(async () => {
    const log = await readFile(join(server.postel.dataDirectory, 'logs', 'smtp.log'), 'utf8');
    expect(log).toContain(account.name);
    for (const secret of [account.password, misplaced, plainResponse({ ...account, name: 'nobody-here' })]) {
      expect(log).not.toContain(secret);
    }
  });
});

test('RFC 4954 §4: an initial response where the server begins is 501, and no failed login', async () => {
  await using own = await startOwnServer();
  const { account, directory } = own;
  const appPassword = { name: 'scanner', service: null, expiresAt: null, networks: null, isShared: true };
  const password = await directory.appPasswords.add(account.name, appPassword);
  await directory.start();
  await using client = await own.connect();
  await client.dialogue`
    C: AUTH CRAM-MD5 ${base64(account.name)}
    S: 501 5.7.0 This mechanism takes no initial response...
    C: AUTH CRAM-MD5 =
    S: 501 5.7.0 ...
  `;
  const challenge = Buffer.from((await client.command('AUTH CRAM-MD5')).slice('334 '.length), 'base64');
  const digest = createHmac('md5', password).update(challenge).digest('hex');
  expect(await client.command(base64(`${account.name} ${digest}`))).toMatch(/^235 2\.7\.0 /);
});

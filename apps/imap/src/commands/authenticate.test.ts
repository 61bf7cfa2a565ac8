import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('AUTHENTICATE PLAIN, with an initial response and without', async () => {
  const { name, password } = await server.addAccount();
  const response = base64(`\0${name}\0${password}`);
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE PLAIN
    S: + 
    C: ${response}
    S: a1 OK [CAPABILITY ...] Logged in
    C: a2 AUTHENTICATE PLAIN
    S: a2 BAD Already logged in...
  `;
  await using other = await server.connect();
  await other.dialogue`
    C: a1 authenticate plain ${response}
    S: a1 OK [CAPABILITY ...] Logged in
  `;
});

test('AUTHENTICATE LOGIN asks for user and password', async () => {
  const { address, password } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE LOGIN
    S: + VXNlcm5hbWU6
    C: ${base64(address)}
    S: + UGFzc3dvcmQ6
    C: ${base64(password)}
    S: a1 OK [CAPABILITY ...] Logged in
  `;
});

test('hardening 24: an authorization identity may be the account itself, and no other', async () => {
  const { name, address, password } = await server.addAccount();
  const other = await server.addAccount('other');
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE PLAIN ${base64(`${other.name}\0${name}\0${password}`)}
    S: a1 NO [AUTHORIZATIONFAILED]...
    C: a2 AUTHENTICATE PLAIN ${base64(`${address}\0${name}\0${password}`)}
    S: a2 OK ...
  `;
});

test('an unknown mechanism is NO, and its name is not repeated', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE KERBEROS_V4
    S: a1 NO [CANNOT] No such mechanism ({id})
    C: a2 AUTHENTICATE
    S: a2 BAD ...
  `;
});

test('hardening 19: `*` cancels, and the connection goes on', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE PLAIN
    S: + 
    C: *
    S: a1 BAD Authentication cancelled...
    C: a2 AUTHENTICATE LOGIN
    S: + ...
    C: ${base64(name)}
    S: + ...
    C: *
    S: a2 BAD Authentication cancelled...
    C: a3 LOGIN ${name} ${password}
    S: a3 OK ...
  `;
});

test('hardening 19: invalid base64 and malformed responses are BAD; other logins are unaffected', async () => {
  const { name, password } = await server.addAccount();
  for (const response of [
    '!',
    'AAAA=AAA',
    'a',
    base64('no nul'),
    base64('\0mary'),
    base64('\0m\0p').slice(0, -1),
    '',
  ]) {
    await using client = await server.connect();
    await client.dialogue`
      C: a1 AUTHENTICATE PLAIN
      S: + 
      C: ${response}
      S: a1 BAD ...
      C: a2 AUTHENTICATE PLAIN ${response === '' ? '=' : response}
      S: a2 BAD ...
      C: a3 LOGIN ${name} ${password}
      S: a3 OK ...
    `;
  }
});

test('hardening 19: a response of 1 MB is cut at the line limit, and the connection ends', async () => {
  await using client = await server.connect();
  client.send('a1 AUTHENTICATE PLAIN\r\n');
  await client.line();
  await client.sendAll(Array.from({ length: 64 }, () => Buffer.alloc(16_384, 0x41)));
  const lines = await client.closed();
  expect(lines[0]).toMatch(/^\* BYE The line is too long/);
  expect(lines[1]).toMatch(/^a1 BAD /);
});

test('a response of 12,000 octets is taken, as RFC 9051 §6.2.2 asks', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE PLAIN
    S: + 
    C: ${base64(`\0mary\0${'x'.repeat(8_990)}`)}
    S: a1 ...
    C: a2 NOOP
    S: a2 OK ...
  `;
});

test('a literal where a response is due ends the connection: its octets are never commands', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 AUTHENTICATE PLAIN
    S: + 
    C: {13+}
    C: a2 CAPABILITY
    S: * BYE ...
    S: a1 BAD ...
    S: (closed)
  `;
});

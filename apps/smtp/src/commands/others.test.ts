import { expect, test } from 'vitest';
import { FAULTS } from '../limits.ts';
import { MailServer } from '../testing/mail-server.ts';

test('NOOP, HELP, VRFY, EXPN, RSET, QUIT', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  await client.dialogue`
    C: NOOP
    S: 250 2.0.0 OK
    C: noop anything
    S: 250 2.0.0 OK
    C: HELP
    S: 214-2.0.0 ...
    S: 214 2.0.0 ...
    C: VRFY postel
    S: 252 2.5.0 ...
    C: VRFY
    S: 501 5.5.4 ...
    C: EXPN list
    S: 252 2.5.0 ...
    C: EXPN
    S: 501 5.5.4 ...
    C: RSET
    S: 250 2.0.0 OK
    C: RSET now
    S: 501 5.5.4 ...
    C: ETRN example.com
    S: 500 5.5.1 ...
    C: BDAT 0 LAST
    S: 503 5.5.1 ...
    C: DATA now
    S: 503 5.5.1 ...
    C: QUIT
    S: 221 2.0.0 Goodbye
    S: (closed)
  `;
});

test('commands behind QUIT are not executed', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  client.send('NOOP\r\nQUIT\r\nNOOP\r\n');
  expect(await client.closed()).toEqual(['250 2.0.0 OK', '221 2.0.0 Goodbye']);
});

test('a client that closes its side gets all its answers', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  client.send('EHLO client.example\r\nNOOP\r\n');
  client.halfClose();
  expect((await client.closed()).at(-1)).toBe('250 2.0.0 OK');
});

test('whoever sends nothing but nonsense is shown the door', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  client.send('NONSENSE\r\n'.repeat(FAULTS + 5));
  const lines = await client.closed();
  expect(lines).toHaveLength(FAULTS);
  expect(lines[0]).toMatch(/^500 5\.5\.1 .* \([0-9a-f]{10}\)$/);
  expect(lines.at(-1)).toMatch(/^421 4\.7\.0 /);
});

test('whoever does not log in cannot go on for ever', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  client.send('NOOP\r\n'.repeat(200));
  expect((await client.closed()).at(-1)).toMatch(/^421 4\.7\.0 /);
});

test('a bare LF ends no command', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  client.send('NOOP\nNOOP\r\n');
  expect(await client.reply()).toEqual([expect.stringMatching(/^500 5\.5\.2 A line ends in CRLF/)]);
  expect(await client.reply()).toEqual(['250 2.0.0 OK']);
});

test('a command cut at every octet', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  for (const octet of 'EHLO client.example\r\nNOOP\r\n') {
    client.send(octet);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await client.reply()).length).toBeGreaterThan(3);
  expect(await client.reply()).toEqual(['250 2.0.0 OK']);
});

test('hardening 1: a command line has a limit', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  await client.dialogue`
    C: NOOP ${'x'.repeat(2_043)}
    S: 250 2.0.0 OK
    C: NOOP ${'x'.repeat(2_044)}
    S: 500 5.5.2 ...
    C: NOOP ${'x'.repeat(50_000)}
    S: 500 5.5.2 ...
    C: NOOP
    S: 250 2.0.0 OK
  `;
});

test('hardening 10: whoever talks before the greeting is not heard', async () => {
  const server = new MailServer();
  const { SmtpClient } = await import('../testing/smtp-client.ts');
  await using client = await SmtpClient.connect(server.postel.ports.submission);
  client.send('EHLO client.example\r\n');
  const lines = [await client.line()];
  // The greeting may have been on its way already: then nobody talked too early.
  expect(lines[0]).toMatch(/^(554 5\.5\.1 |220 )/);
});

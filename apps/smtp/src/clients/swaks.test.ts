import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports } = server.postel;

test.for([
  ['submission, STARTTLS and PLAIN', ports.submission, ['--tls', '--auth', 'PLAIN']],
  ['submission, STARTTLS and LOGIN', ports.submission, ['--tls', '--auth', 'LOGIN']],
  ['submission, TLS from the first octet', ports.submissions, ['--tls-on-connect', '--auth', 'PLAIN']],
] as const)('swaks: %s', async ([, port, options], { skip }) => {
  requirePrograms(skip, 'swaks');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const said = await program.run(
    'swaks',
    ...['--server', 'localhost', '--port', `${port}`, '--tls-verify', '--tls-ca-path', program.caFile, ...options],
    ...['--auth-user', account.name, '--auth-password', account.password, '--from', account.address],
    ...['--to', account.address, '--header', 'Subject: from swaks', '--body', 'one\n.\n..two\n'],
  );
  expect(said).toMatch(/^<~ +250 2\.0\.0 Accepted/m);
  const [message] = await server.messages(account);
  expect(message?.content.toString()).toContain('\r\nSubject: from swaks\r\n');
  expect(message?.content.toString()).toContain('\r\none\r\n.\r\n..two\r\n');
  expect(message?.prefix).toContain('ESMTPSA');
});

test.for([
  ['MX in the clear', 'ESMTP', ports.mx, [], 'ESMTP '],
  ['MX after STARTTLS', 'ESMTP', ports.mx, ['--tls'], 'ESMTPS '],
  ['LMTP in the clear', 'LMTP', ports.lmtp, [], 'LMTP '],
  ['LMTP after STARTTLS', 'LMTP', ports.lmtp, ['--tls'], 'LMTPS '],
] as const)('swaks: %s', async ([, protocol, port, options, word], { skip }) => {
  requirePrograms(skip, 'swaks');
  const [mary, joe] = [await server.addAccount('mary'), await server.addAccount('joe')];
  using program = new MailProgram(server.postel, mary);
  const said = await program.run(
    'swaks',
    ...['--server', 'localhost', '--port', `${port}`, '--protocol', protocol, ...options],
    ...['--from', 'a@elsewhere.example', '--to', `${mary.address},${joe.address}`, '--header', 'Subject: from swaks'],
  );
  // LMTP answers for each recipient (RFC 2033 §4.2).
  expect(said.match(/^<[-~] +250 2\.0\.0 Accepted as /gm)).toHaveLength(protocol === 'LMTP' ? 2 : 1);
  for (const account of [mary, joe]) {
    const [message, ...others] = await server.messages(account);
    expect(others).toEqual([]);
    expect(message?.content.toString()).toContain('\r\nSubject: from swaks\r\n');
    expect(message?.prefix).toContain(word);
    expect(message?.prefix).toContain('Return-Path: <a@elsewhere.example>');
  }
});

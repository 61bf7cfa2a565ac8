import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

const configuration = ({ home, caFile, account }: MailProgram, tls: string, port: number) => `
poll localhost service ${port} protocol IMAP auth password
  user "${account.name}" password "${account.password}" ${tls} sslcertck sslcertfile "${caFile}"
  mda "cat >>${home}/delivered"
`;

test.for([
  ['over TLS', 'ssl', server.postel.ports.imaps],
  ['after STARTTLS', 'sslproto "tls1.2+"', server.postel.ports.imap],
] as const)('fetchmail %s: takes what is unread and removes it from the server', async ([, tls, port], { skip }) => {
  requirePrograms(skip, 'fetchmail');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  const rc = program.write('fetchmailrc', configuration(program, tls, port));
  const fetchmail = () => program.run('fetchmail', '--fetchmailrc', rc, '--nodetach', '--nosyslog', '--idfile', 'ids');
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: old\r\n\r\nread before\r\n', '\\Seen');
  for (let i = 1; i <= 20; i++)
    await mary.append('INBOX', `From: a@example.com\r\nSubject: m${i}\r\n\r\nText of ${i}\r\n.\r\n`);

  await fetchmail();
  const delivered = readFileSync(join(program.home, 'delivered'), 'latin1');
  expect(delivered.match(/^Subject: m\d+$/gm)).toHaveLength(20);
  expect(delivered).toMatch(/^Text of 20\n\.\n/m);
  expect(delivered).not.toContain('read before');
  const { untagged } = await mary.command('STATUS INBOX (MESSAGES UNSEEN)');
  expect(untagged).toEqual(['* STATUS INBOX (MESSAGES 1 UNSEEN 0)']);

  // Status 1: there was no mail.
  await expect(fetchmail()).rejects.toThrow('1 message (1 seen)');
});

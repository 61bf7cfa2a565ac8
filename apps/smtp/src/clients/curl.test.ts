import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('curl sends over smtps, with 8-bit text and no word of it', async ({ skip }) => {
  requirePrograms(skip, 'curl');
  const account = await server.addAccount();
  using program = new MailProgram(server.postel, account);
  await program.run(
    'curl',
    ...['--silent', '--show-error', '--crlf', '--cacert', program.caFile],
    ...['--url', `smtps://localhost:${server.postel.ports.submissions}`],
    ...['--user', `${account.name}:${account.password}`],
    ...['--mail-from', account.address, '--mail-rcpt', account.address],
    ...['--upload-file', program.write('letter', 'Subject: from curl\n\nGrüße\n.a\n.\n')],
  );
  const [stored] = await server.messages(account);
  expect(stored?.content.toString()).toBe('Subject: from curl\r\n\r\nGrüße\r\n.a\r\n.\r\n');
});

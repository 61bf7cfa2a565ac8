import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports } = server.postel;

test.for([
  ['STARTTLS', 'submission', ports.submission, 'plain'],
  ['STARTTLS, LOGIN', 'submission', ports.submission, 'login'],
  ['TLS from the first octet', 'submissions', ports.submissions, 'plain'],
] as const)('s-nail sends a text with a file attached: %s', async ([, scheme, port, mechanism], { skip }) => {
  requirePrograms(skip, 's-nail');
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  using program = new MailProgram(server.postel, mary);
  const settings = [
    ...['v15-compat', `mta=${scheme}://${mary.name}:${mary.password}@localhost:${port}`, `smtp-auth=${mechanism}`],
    ...[`tls-ca-file=${program.caFile}`, 'tls-ca-no-defaults', 'tls-verify=strict', `from=${mary.address}`, 'sendwait'],
    ...['ttycharset=utf-8', 'smtp-use-starttls'], // which "submission:" does not say
  ];
  const letter = program.write('letter', 'one\n.\n..two\nGrüße\n');
  const file = program.write('octets.bin', Buffer.from('\0\r\n.\r\n', 'latin1'));
  await program.run(
    ...['s-nail', '-:/', ...settings.flatMap((setting) => ['-S', setting]), '-s', 'from s-nail: Grüße', '-q', letter],
    ...['-a', file, '-b', mary.address, john.address],
  );
  for (const account of [mary, john]) {
    const [message, ...others] = await server.messages(account);
    expect(others).toEqual([]);
    const text = `${message?.content}`;
    expect(text).toMatch(/^Subject: from s-nail: =\?utf-8\?/m);
    expect(text).toContain('\r\none\r\n=2E\r\n..two\r\n');
    expect(text).not.toMatch(/^bcc/im);
    expect(message?.prefix).toContain('with ESMTPSA ');
  }
});

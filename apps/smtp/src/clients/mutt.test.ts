import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports } = server.postel;

/** Left to itself mutt takes SCRAM-SHA-256-PLUS, for which it does not tell its library what to bind to, and then gives up. */
test.for([
  ['mutt', 'smtp', ports.submission, 'scram-sha-256'],
  ['mutt', 'smtps', ports.submissions, 'plain'],
  ['neomutt', 'smtp', ports.submission, 'plain'],
] as const)('%s sends over %s, a file attached', async ([mutt, scheme, port, mechanism], { skip }) => {
  requirePrograms(skip, mutt, 'sh');
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  using program = new MailProgram(server.postel, mary);
  const rc = program.write(
    'muttrc',
    `set smtp_url = "${scheme}://${mary.name}@localhost:${port}/"
set smtp_pass = "${mary.password}"
set smtp_authenticators = "${mechanism}"
set ssl_ca_certificates_file = "${program.caFile}"
set ssl_force_tls = yes
set from = "${mary.address}"
set realname = "Mary, M."
set copy = no
set tmpdir = "${program.home}"
`,
  );
  const letter = program.write('letter', 'one\n.\n..two\nGrüße\n');
  const file = program.write('octets.bin', '\0\r\n.\r\nMAIL FROM:<x@y>\r\n');
  await program.run(
    ...['sh', '-c', `exec "$@" <'${letter}'`, 'sh', mutt, '-n', '-F', rc, '-s', 'from mutt: Grüße'],
    ...['-a', file, '-b', mary.address, '--', john.address],
  );
  for (const account of [mary, john]) {
    const [message, ...others] = await server.messages(account);
    expect(others).toEqual([]);
    const text = `${message?.content}`;
    expect(text).toMatch(/^From: "Mary, M\." </m);
    expect(text).toContain('\r\none\r\n.\r\n..two\r\n');
    expect(text).toContain('\r\n\r\n=00=0D=0A.=0D=0AMAIL FROM:<x@y>=0D=0A\r\n');
    expect(text).not.toMatch(/^bcc/im);
    expect(message?.prefix).toContain('with ESMTPSA ');
  }
});

import { join } from 'node:path';
import { MailProgram, ProgramSocket, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer, plainResponse } from '../testing/mail-server.ts';
import { SmtpClient } from '../testing/smtp-client.ts';

const server = new MailServer();
const { ports } = server.postel;

test.for([
  ['submissions', ['-connect', `localhost:${ports.submissions}`]],
  ['submission, STARTTLS', ['-connect', `localhost:${ports.submission}`, '-starttls', 'smtp']],
] as const)(
  'openssl: %s: with a key MAIL is the first command after EHLO; another account is refused',
  async ([, place], { skip }) => {
    requirePrograms(skip, 'openssl');
    const mary = await server.addAccount('mary');
    const joe = await server.addAccount('joe');
    using home = new MailProgram(server.postel, mary);
    const { key, cert } = await server.postel.addKey(mary);
    const files = ['-cert', home.write('cert.pem', cert), '-key', home.write('key.pem', key)];
    const verified = ['-CAfile', home.caFile, '-verify_return_error', '-quiet'];
    await using openssl = await ProgramSocket.start('openssl', 's_client', ...verified, ...place, ...files);
    const client = new SmtpClient(openssl.socket);
    if (place[2] === undefined) await client.reply(); // with STARTTLS openssl has read the greeting
    await client.dialogue`
    C: EHLO client.example
    S: ...
    S: 250 AUTH EXTERNAL ...
    C: AUTH PLAIN ${plainResponse(joe)}
    S: 535 5.7.8 ...
    C: MAIL FROM:<${joe.address}>
    S: 550 5.7.1 ...
    C: MAIL FROM:<${mary.address}>
    S: 250 2.1.0 ...
    C: RCPT TO:<${joe.address}>
    S: 250 2.1.5 ...
    C: DATA
    S: 354 ...
    C: Subject: from openssl
    C: 
    C: hello
    C: .
    S: 250 2.0.0 ...
    C: QUIT
    S: 221 ...
  `;
    const [message] = await server.messages(joe);
    expect(message?.prefix).toContain('with ESMTPSA ');
  },
);

test('swaks: a message by TLS public key, without AUTH', async ({ skip }) => {
  requirePrograms(skip, 'swaks');
  const mary = await server.addAccount();
  using home = new MailProgram(server.postel, mary);
  const { key, cert } = await server.postel.addKey(mary, { type: 'ed25519' });
  home.write('cert.pem', cert);
  home.write('key.pem', key);
  const files = ['--tls-cert', join(home.home, 'cert.pem'), '--tls-key', join(home.home, 'key.pem')];
  const said = await home.run(
    'swaks',
    ...[
      '--server',
      'localhost',
      '--port',
      `${ports.submission}`,
      '--tls',
      '--tls-verify',
      '--tls-ca-path',
      home.caFile,
    ],
    ...[...files, '--from', mary.address, '--to', mary.address],
  );
  expect(said).toMatch(/^<~ +250 2\.0\.0 Accepted/m);
});

test('hardening 12: openssl is offered no early data, in any session that it may resume', async ({ skip }) => {
  requirePrograms(skip, 'openssl', 'sh');
  using home = new MailProgram(server.postel, await server.addAccount());
  const session = join(home.home, 'session');
  const connect = `openssl s_client -connect localhost:${ports.submissions} -CAfile '${home.caFile}' -tls1_3 -ign_eof`;
  const first = await home.run('sh', '-c', `printf 'QUIT\\r\\n' | ${connect} -sess_out '${session}'`);
  expect(first).toMatch(/^ *Max Early Data: 0$/m);
  const early = home.write('early', 'EHLO early.example\r\nQUIT\r\n');
  const second = await home.run(
    'sh',
    '-c',
    `printf 'QUIT\\r\\n' | ${connect} -sess_in '${session}' -early_data '${early}' || true`,
  );
  expect(second).toMatch(/Early data was not sent|Early data was rejected|Cannot send early data/i);
  expect(second).not.toContain('250');
});

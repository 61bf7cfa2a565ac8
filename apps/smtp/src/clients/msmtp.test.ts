import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const { ports } = server.postel;

test.for([
  ['STARTTLS', ports.submission, 'on'],
  ['TLS from the first octet', ports.submissions, 'off'],
] as const)('msmtp sends what sendmail would, over %s', async ([, port, starttls], { skip }) => {
  requirePrograms(skip, 'msmtp', 'sh');
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  using program = new MailProgram(server.postel, mary);
  const configuration = program.write(
    'msmtprc',
    [
      ...['account default', 'host localhost', `port ${port}`, `from ${mary.address}`, 'auth on', `user ${mary.name}`],
      ...[`password ${mary.password}`, 'tls on', `tls_starttls ${starttls}`, `tls_trust_file ${program.caFile}`, ''],
    ].join('\n'),
  );
  await program.run('chmod', '600', configuration);
  const letter = program.write(
    'letter',
    `To: ${john.address}\nBcc: ${mary.address}\nSubject: from msmtp\n\none\n.\n..two\nGrüße`,
  );
  await program.run('sh', '-c', `msmtp --file='${configuration}' --read-recipients <'${letter}'`);
  for (const account of [mary, john]) {
    const [message, ...others] = await server.messages(account);
    expect(others).toEqual([]);
    const text = `${message?.prefix}${message?.content}`;
    expect(text).toContain('\r\nSubject: from msmtp\r\n\r\none\r\n.\r\n..two\r\nGrüße');
    expect(text).toContain(`From: ${message?.content.includes('From:') ? '' : '<'}${mary.address}`);
    expect(text).not.toMatch(/^bcc/im);
  }
});

test('msmtp tells who called it that the server refused, and of what kind', async ({ skip }) => {
  requirePrograms(skip, 'msmtp', 'sh');
  const mary = await server.addAccount('mary');
  using program = new MailProgram(server.postel, mary);
  const send = (recipient: string, from = mary.address) =>
    program
      .run(
        ...['sh', '-c', 'echo "Subject: x" | exec msmtp "$@"', 'msmtp', '--host=localhost'],
        ...[`--port=${ports.submission}`, '--tls=on', `--tls-trust-file=${program.caFile}`, '--auth=on'],
        ...[`--user=${mary.name}`, `--passwordeval=echo ${mary.password}`, `--from=${from}`, recipient],
      )
      .catch((error: Error & { code?: number }) => error.message);
  expect(await send('nobody@strict.localhost')).toMatch(/550 5\.1\.1 No such address/);
  expect(await send(mary.address, 'boss@bank.example')).toMatch(/550 5\.7\.1 You may not send as this address/);
  expect(await server.messages(mary)).toEqual([]);
});

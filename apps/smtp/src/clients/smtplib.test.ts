import { MailProgram, requirePrograms } from '@postel/testkit';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

/** What a person would type; anything unexpected is an error, and shown. */
const SMTPLIB = `
import smtplib, ssl, sys
from email.message import EmailMessage
port, ca, user, password, address, other = int(sys.argv[1]), *sys.argv[2:]
client = smtplib.SMTP('localhost', port)
client.starttls(context=ssl.create_default_context(cafile=ca))
client.login(user, password)
message = EmailMessage()
message['From'], message['To'], message['Subject'] = address, other, 'from smtplib: Grüße'
message.set_content('one\\n.\\n..two\\n')
assert client.send_message(message) == {}
refused = client.sendmail(address, [other, 'nobody@strict.localhost'], 'Subject: to two\\n\\ntext')
assert list(refused) == ['nobody@strict.localhost'] and refused['nobody@strict.localhost'][0] == 550, refused
client.sendmail(address, other, 'Subject: a bare carriage return\\r\\n\\r\\none\\rtwo')
try:
  client.sendmail('somebody@else.example', other, 'Subject: forged')
  assert False
except smtplib.SMTPSenderRefused as refusal:
  assert refusal.smtp_code == 550, refusal
client.quit()
`;

test("Python's smtplib: STARTTLS, a login, several messages, and refusals that it tells apart", async ({ skip }) => {
  requirePrograms(skip, 'python3');
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  using program = new MailProgram(server.postel, mary);
  const script = program.write('smtplib-sample.py', SMTPLIB);
  const { name, password, address } = mary;
  const args = [`${server.postel.ports.submission}`, program.caFile, name, password, address, john.address];
  expect(await program.run('python3', script, ...args)).toBe('');
  const messages = await server.messages(john);
  expect(messages.map(({ content }) => /^Subject: (.*)\r$/m.exec(content.toString())?.[1])).toEqual([
    expect.stringMatching(/^from smtplib: =\?utf-8\?/),
    'to two',
    'a bare carriage return',
  ]);
  expect(messages[0]?.content.toString()).toContain('\r\n\r\none\r\n.\r\n..two\r\n');
  // It makes CRLF of every line end before it sends.
  expect(messages[2]?.content.toString()).toContain('\r\n\r\none\r\ntwo\r\n');
});

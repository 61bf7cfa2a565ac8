import { expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Somebody with a wrong password, somebody disabled with the right one, and nobody; by name and by address. */
async function prepareLogins() {
  const mary = await server.addAccount();
  const disabled = await server.addAccount('disabled');
  await server.postel.useDirectory((directory) => directory.setDisabled(disabled.name, true));
  const nobody = mary.name.replace('mary', 'nobody');
  return [
    { login: mary.name, password: 'wrong password' },
    { login: mary.address, password: 'wrong password' },
    { login: disabled.name, password: disabled.password },
    { login: nobody, password: 'wrong password' },
    { login: `${nobody}@localhost`, password: 'wrong password' },
    { login: `${nobody}@elsewhere.example`, password: 'wrong password' },
  ];
}

test('hardening 18: all that is refused is refused in the same words, over IMAP and SMTP', async () => {
  const answers = await Promise.all(
    (await prepareLogins()).map(async ({ login, password }) => {
      const plain = base64(`\0${login}\0${password}`);
      await using imap = await server.connect();
      const byCommand = (await imap.command(`LOGIN ${login} "${password}"`)).tagged;
      const byPlain = (await imap.command(`AUTHENTICATE PLAIN ${plain}`)).tagged;
      await using smtp = await server.connect(server.postel.ports.submission);
      smtp.send('EHLO client.example\r\n');
      while ((await smtp.line())?.startsWith('250-') === true);
      smtp.send(`AUTH PLAIN ${plain}\r\n`);
      const bySubmission = (await smtp.line()) ?? '';
      return [byCommand, byPlain, bySubmission].map((answer) => answer.replace(/ \([^)]*\)$/, ''));
    }),
  );
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]?.[0]).toMatch(/^NO \[AUTHENTICATIONFAILED\] /);
  expect(answers[0]?.[2]).toMatch(/^535 5\.7\.8 /);
});

/** What SCRAM shows of an account before anything is proven, and how a wrong proof is answered. */
async function askScram(login: string) {
  await using client = await server.connect();
  client.send(`a1 AUTHENTICATE SCRAM-SHA-256 ${base64(`n,,n=${login},r=fyko+d2lbbFgONRv9qkxdawL`)}\r\n`);
  const challenge = Buffer.from(((await client.line()) ?? '').slice('+ '.length), 'base64').toString();
  const {
    nonce = '',
    salt = '',
    count,
  } = /^r=(?<nonce>.*),s=(?<salt>.*),i=(?<count>\d+)$/.exec(challenge)?.groups ?? {};
  client.send(`${base64(`c=biws,r=${nonce},p=${Buffer.alloc(32).toString('base64')}`)}\r\n`);
  const answer = ((await client.line()) ?? '').replace(/ \([^)]*\)$/, '');
  return { salt, octets: Buffer.from(salt, 'base64').length, nonceOctets: nonce.length, count, answer };
}

test('hardening 18: SCRAM shows a salt to everybody, the same each time, and one count', async () => {
  const logins = (await prepareLogins()).map(({ login }) => login);
  const first = await Promise.all(logins.map(askScram));
  expect(await Promise.all(logins.map(askScram))).toEqual(first);
  for (const { salt: _, ...alike } of first) {
    expect(alike).toEqual({
      octets: 16,
      nonceOctets: first[0]?.nonceOctets,
      count: '15000',
      answer: 'a1 NO [AUTHENTICATIONFAILED] Wrong user or password',
    });
  }
  const [mary, marysAddress, disabled, nobody, nobodysAddress, elsewhere] = first.map(({ salt }) => salt);
  expect(new Set([mary, disabled, nobody]).size).toBe(3);
  expect(marysAddress).toBe(mary);
  expect([nobodysAddress, elsewhere]).toEqual([nobody, nobody]);
});

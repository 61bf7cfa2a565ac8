/** Rule 5 of docs/storage.md, as a client sees it: the answer to the commit is lost on the way from the database. */
import { expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';

const SUBJECT = 'Subject: lost and found';
const OCTETS = Buffer.from(SUBJECT).toString('hex');

/** All but the reply to the data. */
async function sendTo(own: OwnServer, addresses: readonly string[]) {
  const client = await own.logIn();
  expect(await client.command(`MAIL FROM:<${own.account.address}>`)).toMatch(/^250 /);
  for (const address of addresses) expect(await client.command(`RCPT TO:<${address}>`)).toMatch(/^250 /);
  expect(await client.command('DATA')).toMatch(/^354 /);
  return client;
}

const networkOf = ({ network }: OwnServer) => {
  if (network === null) throw new Error('no network');
  return network;
};

test('hardening 64: a message that was committed is answered 250 though the database was cut off then, and is there once', async () => {
  await using own = await startOwnServer({}, {}, { hasNetwork: true });
  const network = networkOf(own);
  await using client = await sendTo(own, [own.account.address]);
  void network.loseAnswerTo(OCTETS).then(() => network.cut());
  expect(await client.command(`${SUBJECT}\r\n\r\nhello\r\n.`)).toMatch(/^250 /);
  expect(await own.messages()).toHaveLength(1);
});

test('hardening 64: a message for two is with both of them, once, if its commit lost the answer', async () => {
  await using own = await startOwnServer({}, {}, { hasNetwork: true });
  const network = networkOf(own);
  const peter = { name: 'peter', address: 'peter@localhost', password: 'peters password' };
  await own.directory.addAccount(peter);
  await using client = await sendTo(own, [own.account.address, peter.address]);
  void network.loseAnswerTo('\x0bcommit\0').then(() => network.cut());
  expect(await client.command(`${SUBJECT}\r\n\r\nhello\r\n.`)).toMatch(/^250 /);
  for (const address of [own.account.address, peter.address]) expect(await own.messages(address)).toHaveLength(1);
});

test('hardening 64: a message whose fate cannot be learnt ends the connection without a reply', async () => {
  await using own = await startOwnServer({}, {}, { hasNetwork: true });
  const network = networkOf(own);
  await using client = await sendTo(own, [own.account.address]);
  void network.loseAnswerTo(OCTETS).then(() => network.refuse(true));
  client.send(`${SUBJECT}\r\n\r\nhello\r\n.\r\n`);
  expect(await client.line()).toBeNull();
  expect(await own.messages()).toHaveLength(1);
}, 30_000);

import { expect, test } from 'vitest';
import { chooseClientMechanism } from './choose-client-mechanism.ts';
import { clientExchangeOf } from './client-conversation.ts';
import { BOUND, CLEAR, TLS } from './connections-for-tests.ts';
import { converseScram, type ScramBinding, type ScramLogin } from './scram.ts';

const UNBOUND: ScramBinding = { flag: 'n', data: Buffer.alloc(0) };
const USER: ScramLogin = { hash: 'sha1', authenticationIdentity: 'user', password: 'pencil' };

const NONCE = 'fyko+d2lbbFgONRv9qkxdawL';
const SERVER_FIRST = `r=${NONCE}3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096`;
const SERVER_FINAL = 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=';

const begin = (login = USER, nonce = NONCE, binding = UNBOUND) =>
  clientExchangeOf(() => converseScram(login, binding, nonce));
const textOf = (octets: Buffer | null) => octets?.toString();

/** The exchange after the server's first message, and what it answers. */
async function answer(serverFirst: string | Buffer) {
  const exchange = begin();
  await exchange.initialResponse();
  return { exchange, response: await exchange.respond(Buffer.from(serverFirst)) };
}

test('SCRAM-SHA-1: the example of RFC 5802 §5', async () => {
  const exchange = begin();
  expect(textOf(await exchange.initialResponse())).toBe(`n,,n=user,r=${NONCE}`);
  expect(textOf(await exchange.respond(Buffer.from(SERVER_FIRST)))).toBe(
    `c=biws,r=${NONCE}3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=`,
  );
  expect(textOf(await exchange.respond(Buffer.from(SERVER_FINAL)))).toBe('');
  exchange.succeeded();
});

test('SCRAM-SHA-256: the example of RFC 7677 §3', async () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqO';
  const both = `${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
  const exchange = begin({ ...USER, hash: 'sha256' }, nonce);
  expect(textOf(await exchange.initialResponse())).toBe(`n,,n=user,r=${nonce}`);
  expect(textOf(await exchange.respond(Buffer.from(`r=${both},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`)))).toBe(
    `c=biws,r=${both},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  );
  await exchange.respond(Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='));
  exchange.succeeded();
});

test('names are prepared and escaped, the authorization identity is only escaped', async () => {
  const login = { ...USER, authenticationIdentity: 'a=b,\u2168', authorizationIdentity: 'Ursel,=' };
  expect(textOf(await begin(login).initialResponse())).toBe(`n,a=Ursel=2C=3D,n=a=3Db=2CIX,r=${NONCE}`);
});

test('a name or password that SASLprep forbids never leaves', async () => {
  for (const login of [
    { ...USER, password: 'a\u0000b' },
    { ...USER, authenticationIdentity: '\u0627\u0031' },
  ]) {
    await expect(begin(login).initialResponse()).rejects.toMatchObject({ name: 'SaslError', kind: 'credentials' });
  }
});

test('-PLUS binds to the channel: its type in the header, its data with the header in the final message', async () => {
  const { exchange, name } = chooseClientMechanism(['SCRAM-SHA-256-PLUS'], credentials, BOUND);
  expect(name).toBe('SCRAM-SHA-256-PLUS');
  const nonce = /^p=tls-exporter,,n=user,r=(.+)$/.exec(textOf(await exchange.initialResponse()) ?? '')?.[1];
  const final = await exchange.respond(Buffer.from(`r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4096`));
  const data = Buffer.concat([Buffer.from('p=tls-exporter,,'), Buffer.alloc(32, 0x5a)]).toString('base64');
  expect(textOf(final)).toMatch(new RegExp(`^c=${data.replace(/\+/g, '\\+')},r=`));
});

const credentials = { authenticationIdentity: 'user', password: 'pencil' };

test.each([
  ['y: we could bind, the server offers no -PLUS', BOUND, ['SCRAM-SHA-256', 'PLAIN'], 'SCRAM-SHA-256', 'y,,'],
  ['y: of the -PLUS offered we know none', BOUND, ['SCRAM-SHA-256', 'SCRAM-SHA-3-PLUS'], 'SCRAM-SHA-256', 'y,,'],
  ['n: we cannot bind', TLS, ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'], 'SCRAM-SHA-256', 'n,,'],
  ['n: there is no TLS', CLEAR, ['SCRAM-SHA-256'], 'SCRAM-SHA-256', 'n,,'],
  ['p: bound, by the other hash', BOUND, ['SCRAM-SHA-256', 'SCRAM-SHA-1-PLUS'], 'SCRAM-SHA-1-PLUS', 'p=tls-exporter,,'],
])('hardening 20: the flag of channel binding is %s', async (_, connection, offered, name, header) => {
  const chosen = chooseClientMechanism(offered, credentials, connection);
  expect(chosen.name).toBe(name);
  expect(textOf(await chosen.exchange.initialResponse())?.slice(0, header.length)).toBe(header);
});

test('the flag is n where the server offers a -PLUS that the operator does not want', async () => {
  const offered = ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];
  const { exchange } = chooseClientMechanism(offered, credentials, BOUND, (name) => name === 'SCRAM-SHA-256');
  expect(textOf(await exchange.initialResponse())).toMatch(/^n,,/);
});

test('hardening 20: every exchange has a nonce of its own', async () => {
  const first = await chooseClientMechanism(['SCRAM-SHA-256'], credentials, TLS).exchange.initialResponse();
  const second = await chooseClientMechanism(['SCRAM-SHA-256'], credentials, TLS).exchange.initialResponse();
  expect(first).not.toEqual(second);
});

test.each([
  ['nothing', ''],
  ['no nonce', 's=QSXCR+Q6sek8bf92,i=4096'],
  ['no salt', `r=${NONCE}3rfc,i=4096`],
  ['an empty salt', `r=${NONCE}3rfc,s=,i=4096`],
  ['a salt that is not base64', `r=${NONCE}3rfc,s=QSX,i=4096`],
  ['no count', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92`],
  ['a negative count', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=-4096`],
  ['a count that is not decimal', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=0x1000`],
  ['too few iterations', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=4095`],
  ['2^31 iterations', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=2147483648`],
  ['more digits than a count has', `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=${'9'.repeat(400)}`],
  ['a mandatory extension', `m=x,${SERVER_FIRST}`],
  ['a control character in the nonce', `r=${NONCE}\n,s=QSXCR+Q6sek8bf92,i=4096`],
  ['octets that are not UTF-8', Buffer.from(`${SERVER_FIRST},x=\xff`, 'latin1')],
  ['more than any message has', `${SERVER_FIRST},x=${'a'.repeat(10_000)}`],
])('hardening 20: a first message is refused: %s', async (_, serverFirst) => {
  await expect(answer(serverFirst)).rejects.toMatchObject({ name: 'SaslError', kind: 'malformed' });
});

test.each([
  ['another one', 'r=rOprNGfwEbeRWgbNEkqO3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096'],
  ['ours alone', `r=${NONCE},s=QSXCR+Q6sek8bf92,i=4096`],
  ['ours, cut short', `r=${NONCE.slice(0, -1)},s=QSXCR+Q6sek8bf92,i=4096`],
])("hardening 20: the server's nonce must extend ours: %s", async (_, serverFirst) => {
  await expect(answer(serverFirst)).rejects.toMatchObject({ kind: 'untrusted' });
});

test('hardening 20: a first message cut anywhere is refused', async () => {
  for (let end = 0; end < SERVER_FIRST.length; end += 1) {
    await expect(answer(SERVER_FIRST.slice(0, end)), SERVER_FIRST.slice(0, end)).rejects.toThrow();
  }
});

test('unknown extensions after the count are ignored, but signed', async () => {
  const { response } = await answer(`${SERVER_FIRST},x=y`);
  expect(textOf(response)).not.toContain('p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=');
});

test.each([
  ['a wrong signature', 'v=rmF9pqV8S7suAoZWja4dJRkFsKR=', 'untrusted'],
  ['the signature of another password', 'v=6rriTRBi23WpRR/wtup+mMhUZUk=', 'untrusted'],
  ['an empty signature', 'v=', 'untrusted'],
  ['nothing', '', 'malformed'],
  ['an error', 'e=invalid-proof', 'refused'],
])('hardening 20: the server has not proven itself by %s', async (_, serverFinal, kind) => {
  const { exchange } = await answer(SERVER_FIRST);
  await expect(exchange.respond(Buffer.from(serverFinal))).rejects.toMatchObject({ kind });
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
});

test('hardening 20: success without the signature is not believed, at any step', async () => {
  const exchange = begin();
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  await exchange.initialResponse();
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  await exchange.respond(Buffer.from(SERVER_FIRST));
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
});

test("the server's word of a refusal is shown only if it is one", async () => {
  const { exchange } = await answer(SERVER_FIRST);
  await expect(exchange.respond(Buffer.from('e=\x1b[2Jpwned'))).rejects.toThrow(/other-error$/);
});

test('a server that goes on after its signature is told nothing more', async () => {
  const { exchange } = await answer(SERVER_FIRST);
  await exchange.respond(Buffer.from(SERVER_FINAL));
  await expect(exchange.respond(Buffer.from('more'))).rejects.toMatchObject({ kind: 'malformed' });
});

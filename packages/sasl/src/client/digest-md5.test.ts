import { expect, test } from 'vitest';
import { clientExchangeOf } from './client-conversation.ts';
import { converseDigest, type DigestLogin } from './digest-md5.ts';

const CHRIS: DigestLogin = {
  authenticationIdentity: 'chris',
  password: 'secret',
  digestUri: 'imap/elwood.innosoft.com',
};
const CHALLENGE = 'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8';

async function answer(challenge: string | Buffer, login = CHRIS, cnonce = 'OA6MHXh6VqTrRk') {
  const exchange = clientExchangeOf(() => converseDigest(login, cnonce));
  expect(await exchange.initialResponse()).toBeNull();
  return { exchange, response: (await exchange.respond(Buffer.from(challenge))).toString() };
}

test('DIGEST-MD5: the IMAP example of RFC 2831 §4', async () => {
  const { exchange, response } = await answer(CHALLENGE);
  expect(response).toBe(
    'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,' +
      'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",' +
      'response=d388dad90d4bbd760a152321f2143af7,qop=auth',
  );
  expect(await exchange.respond(Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd'))).toEqual(Buffer.alloc(0));
  exchange.succeeded();
});

test('DIGEST-MD5: the ACAP example of RFC 2831 §4', async () => {
  const challenge = CHALLENGE.replace('OA6MG9tEQGm2hh', 'OA9BSXrbuRhWay');
  const login = { ...CHRIS, digestUri: 'acap/elwood.innosoft.com' };
  const { exchange, response } = await answer(challenge, login, 'OA9BSuZWMSpW8m');
  expect(response).toContain('response=6084c6db3fede7352c551284490fd0fc,');
  await exchange.respond(Buffer.from('rspauth=2f0b3d7c3c2e486600ef710726aa2eae'));
  exchange.succeeded();
});

test.each([
  ['a wrong one', 'rspauth=ea40f60335c427b5527b84dbabcdfffe'],
  ['half of one', 'rspauth=ea40f60335c427b5'],
  ['nothing', ''],
  ['something else', 'nonce="x"'],
])('the server has to answer with the right rspauth, not with %s', async (_, outcome) => {
  const { exchange } = await answer(CHALLENGE);
  expect(() => exchange.succeeded()).toThrow(expect.objectContaining({ kind: 'untrusted' }));
  await expect(exchange.respond(Buffer.from(outcome))).rejects.toMatchObject({ kind: 'untrusted' });
});

test('the realm of the domain of the name is taken, else the first, else none', async () => {
  const realms = 'realm="a.example",realm="b.example",nonce="n",algorithm=md5-sess,charset=utf-8';
  const named = { ...CHRIS, authenticationIdentity: 'chris@B.example' };
  expect((await answer(realms, named)).response).toContain('realm="b.example"');
  expect((await answer(realms)).response).toContain('realm="a.example"');
  expect((await answer('nonce="n",algorithm=md5-sess')).response).not.toContain('realm');
});

test('quotes and backslashes are escaped, and read', async () => {
  const login = { ...CHRIS, authenticationIdentity: 'a"b\\c', authorizationIdentity: 'Ursel "U"' };
  const { response } = await answer('realm="x\\"y",nonce="n",algorithm=md5-sess,charset=utf-8', login);
  expect(response).toContain('username="a\\"b\\\\c",realm="x\\"y"');
  expect(response).toContain('authzid="Ursel \\"U\\""');
});

test('without charset=utf-8 names go in ISO 8859-1, and those it does not have not at all', async () => {
  const challenge = 'realm="x",nonce="n",algorithm=md5-sess';
  const exchange = clientExchangeOf(() => converseDigest({ ...CHRIS, authenticationIdentity: 'jürgen' }, 'c'));
  await exchange.initialResponse();
  expect((await exchange.respond(Buffer.from(challenge))).toString('latin1')).toContain('username="jürgen"');
  const greek = { ...CHRIS, authenticationIdentity: 'γιώργος' };
  await expect(answer(challenge, greek)).rejects.toMatchObject({ kind: 'credentials' });
});

test.each([
  ['nothing', ''],
  ['commas', ',,,'],
  ['a name without a value', 'nonce'],
  ['an open quote', 'algorithm=md5-sess,nonce="n'],
  ['no nonce', 'realm="x",algorithm=md5-sess'],
  ['two nonces', 'nonce="a",nonce="b",algorithm=md5-sess'],
  ['no algorithm', 'nonce="a"'],
  ['plain MD5', 'nonce="a",algorithm=md5'],
  ['a security layer alone', 'nonce="a",algorithm=md5-sess,qop="auth-int,auth-conf"'],
  ['another charset', 'nonce="a",algorithm=md5-sess,charset=koi8-r'],
  ['more than 2,048 octets', `nonce="${'a'.repeat(2_048)}",algorithm=md5-sess`],
  ['many backslashes', `nonce="${'\\'.repeat(2_001)}`],
])('a challenge is refused: %s', async (_, challenge) => {
  await expect(answer(challenge)).rejects.toMatchObject({ kind: 'malformed' });
});

test('empty elements, space and names in capitals are read', async () => {
  const { response } = await answer(',, REALM = "x" ,\r\n nonce="n" ,, algorithm=md5-sess, qop="auth-int, auth",');
  expect(response).toContain('realm="x",nonce="n"');
});

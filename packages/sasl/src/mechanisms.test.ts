import { expect, test } from 'vitest';
import { accountsOf } from './accounts-for-tests.ts';
import { CLEAR, LOOPBACK, TLS, TLS_1_3 } from './connections-for-tests.ts';
import { chooseMechanism, type MechanismPolicy, offeredMechanisms } from './mechanisms.ts';
import type { ConnectionSecurity } from './server-mechanism.ts';

const ALL = () => true;
const NO_BINDING: MechanismPolicy = (name) => !name.endsWith('-PLUS');

const WITHOUT_BINDING = [
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'OAUTHBEARER',
  'XOAUTH2',
  'PLAIN',
  'LOGIN',
  'DIGEST-MD5',
  'CRAM-MD5',
  'ANONYMOUS',
];

const namesOn = (connection: ConnectionSecurity, allows: MechanismPolicy = ALL) =>
  offeredMechanisms(connection, allows).map((mechanism) => mechanism.name);

function chosen(name: string, connection: ConnectionSecurity, allows: MechanismPolicy) {
  const choice = chooseMechanism(name, connection, allows);
  if (choice.type !== 'offered') throw new Error(`${name} is not offered`);
  return choice.mechanism;
}

test('what can be had on a connection is offered, strongest first', () => {
  expect(namesOn({ ...TLS_1_3, hasExternalIdentity: true })).toEqual([
    'EXTERNAL',
    'SCRAM-SHA-256-PLUS',
    'SCRAM-SHA-1-PLUS',
    ...WITHOUT_BINDING,
  ]);
  expect(namesOn(TLS)).toEqual(WITHOUT_BINDING);
});

test('what the policy forbids is neither offered nor started', () => {
  expect(namesOn(TLS_1_3, (name) => name === 'SCRAM-SHA-256')).toEqual(['SCRAM-SHA-256']);
  expect(namesOn(TLS_1_3, () => false)).toEqual([]);
  expect(chooseMechanism('PLAIN', TLS_1_3, () => false)).toEqual({ type: 'not-allowed' });
});

test('hardening 6: without TLS no mechanism is offered or started in which a secret can be read or searched for', () => {
  expect(namesOn(CLEAR)).toEqual(['ANONYMOUS']);
  for (const name of ['EXTERNAL', 'SCRAM-SHA-256-PLUS', ...WITHOUT_BINDING.slice(0, -1)]) {
    expect(chooseMechanism(name, CLEAR, ALL)).toEqual({ type: 'needs-tls' });
  }
});

test('without TLS they are offered where that is allowed', () => {
  expect(namesOn(LOOPBACK)).toEqual(WITHOUT_BINDING);
});

test('a client whose connection has proven nothing is told of EXTERNAL as little as of what there is not', () => {
  expect(chooseMechanism('EXTERNAL', TLS, ALL)).toEqual({ type: 'unknown' });
  expect(chooseMechanism('SCRAM-SHA-256-PLUS', TLS, ALL)).toEqual({ type: 'unknown' });
});

test('a mechanism is chosen in any case of its letters', () => {
  expect(chooseMechanism('scram-sha-256-Plus', TLS_1_3, ALL)).toMatchObject({
    type: 'offered',
    mechanism: { name: 'SCRAM-SHA-256-PLUS' },
  });
});

test.each(['', 'SCRAM', 'SCRAM-SHA-512', 'GSSAPI', 'PLAIN ', 'PLAIN-PLUS', '__proto__', 'constructor'])(
  'there is no mechanism %j',
  (name) => {
    expect(chooseMechanism(name, TLS_1_3, ALL)).toEqual({ type: 'unknown' });
  },
);

test.each(['SCRAM-SHA-256', 'SCRAM-SHA-1'])(
  'hardening 20: who believes that %s is not offered with PLUS is refused if it is, and right if the policy forbids it',
  async (name) => {
    const first = Buffer.from('y,,n=tim,r=abc');
    const start = (allows: MechanismPolicy) => chosen(name, TLS_1_3, allows).start(accountsOf({}, {}), TLS_1_3);
    expect(await start(ALL).next(first)).toEqual({ type: 'failure', reason: 'channel-binding' });
    expect(await start(NO_BINDING).next(first)).toMatchObject({ type: 'challenge' });
  },
);

test('who comes by EXTERNAL, by ANONYMOUS or with a token is whom the verifier knows', async () => {
  const accounts = accountsOf({ tim: 'x' }, {}, { external: 'tim', anonymous: 'guest', tokens: { abc: 'tim' } });
  const connection = { ...TLS, hasExternalIdentity: true };
  const answerTo = async (name: string, response: string) =>
    await chosen(name, connection, ALL).start(accounts, connection).next(Buffer.from(response));
  expect(await answerTo('EXTERNAL', '')).toEqual({ type: 'success', identity: 'tim' });
  expect(await answerTo('ANONYMOUS', '')).toEqual({ type: 'success', identity: 'guest' });
  expect(await answerTo('OAUTHBEARER', 'n,,\x01auth=Bearer abc\x01\x01')).toEqual({ type: 'success', identity: 'tim' });
  expect(await answerTo('XOAUTH2', 'user=tim\x01auth=Bearer abc\x01\x01')).toEqual({
    type: 'success',
    identity: 'tim',
  });
});

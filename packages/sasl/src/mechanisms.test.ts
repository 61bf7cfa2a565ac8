import { expect, test } from 'vitest';
import { chooseMechanism, offeredMechanisms } from './mechanisms.ts';

const TLS = { isTls: true, allowPlaintextWithoutTls: false, channelBinding: null, hasExternalIdentity: false };
const CLEAR = { ...TLS, isTls: false };
const LOOPBACK = { ...CLEAR, allowPlaintextWithoutTls: true };

const all = () => true;
const namesOn = (connection: typeof TLS) => offeredMechanisms(connection, all).map((mechanism) => mechanism.name);

test('under TLS the mechanisms are offered, strongest first', () => {
  expect(namesOn(TLS)).toEqual(['PLAIN', 'LOGIN']);
});

test('hardening 6: without TLS no mechanism that shows the password is offered or started', () => {
  expect(namesOn(CLEAR)).toEqual([]);
  expect(chooseMechanism('PLAIN', CLEAR, all)).toEqual({ type: 'needs-tls' });
  expect(chooseMechanism('LOGIN', CLEAR, all)).toEqual({ type: 'needs-tls' });
});

test('without TLS they are offered where that is allowed', () => {
  expect(namesOn(LOOPBACK)).toEqual(['PLAIN', 'LOGIN']);
});

test('a mechanism is chosen in any case of its letters', () => {
  expect(chooseMechanism('plain', TLS, all)).toMatchObject({ type: 'offered', mechanism: { name: 'PLAIN' } });
});

test.each(['', 'CRAM-MD5', 'PLAIN ', '__proto__', 'constructor'])('there is no mechanism %j', (name) => {
  expect(chooseMechanism(name, TLS, all)).toEqual({ type: 'unknown' });
});

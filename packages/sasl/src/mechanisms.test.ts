import { expect, test } from 'vitest';
import { CLEAR, LOOPBACK, TLS } from './connections-for-tests.ts';
import { chooseMechanism, offeredMechanisms } from './mechanisms.ts';
import type { ConnectionSecurity } from './server-mechanism.ts';

const ALL = () => true;

const namesOn = (connection: ConnectionSecurity) =>
  offeredMechanisms(connection, ALL).map((mechanism) => mechanism.name);

test('under TLS the mechanisms are offered, strongest first', () => {
  expect(namesOn(TLS)).toEqual(['PLAIN', 'LOGIN']);
});

test('hardening 6: without TLS no mechanism that shows the password is offered or started', () => {
  expect(namesOn(CLEAR)).toEqual([]);
  expect(chooseMechanism('PLAIN', CLEAR, ALL)).toEqual({ type: 'needs-tls' });
  expect(chooseMechanism('LOGIN', CLEAR, ALL)).toEqual({ type: 'needs-tls' });
});

test('without TLS they are offered where that is allowed', () => {
  expect(namesOn(LOOPBACK)).toEqual(['PLAIN', 'LOGIN']);
});

test('a mechanism is chosen in any case of its letters', () => {
  expect(chooseMechanism('plain', TLS, ALL)).toMatchObject({ type: 'offered', mechanism: { name: 'PLAIN' } });
});

test.each(['', 'CRAM-MD5', 'PLAIN ', '__proto__', 'constructor'])('there is no mechanism %j', (name) => {
  expect(chooseMechanism(name, TLS, ALL)).toEqual({ type: 'unknown' });
});

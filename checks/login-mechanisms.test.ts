import { expect, test } from 'vitest';
import { parseConfiguration } from '../packages/config/src/parse-configuration.ts';
import { offeredMechanisms } from '../packages/sasl/src/mechanisms.ts';

test('the configuration knows the mechanisms that there are', () => {
  const connection = {
    isTls: true,
    allowPlaintextWithoutTls: false,
    channelBinding: { type: 'tls-exporter', data: Buffer.alloc(0) },
    hasExternalIdentity: true,
    service: 'imap',
    hostNames: ['localhost'],
  } as const;
  const names = offeredMechanisms(connection, () => true).map(({ name }) => name);
  const { problems } = parseConfiguration('login: { mechanisms: [none] }', '/');
  const told = problems.find(({ message }) => message.startsWith('login.mechanisms'))?.message ?? '';
  expect(
    told
      .replace(/.* one of /, '')
      .split(', ')
      .toSorted(),
  ).toEqual(names.toSorted());
});

import { ScriptedResolver } from '@postel/dns';
import { expect, test } from 'vitest';
import { DomainChecks } from './domain-checks.ts';

test('the policy of MTA-STS is looked at as the domain has it: one that is enforced and does not fit is a trouble', async () => {
  const resolver = new ScriptedResolver({
    'strict.example': { MX: [{ preference: 10, exchange: 'mx.elsewhere.example' }] },
    'mx.elsewhere.example': { A: ['192.0.2.2'] },
    '_mta-sts.strict.example': { TXT: ['v=STSv1; id=1'] },
  });
  const errors: unknown[] = [];
  const ports = { submission: null, submissions: null, imap: null, imaps: null };
  const troublesOf = async (mtaSts: 'testing' | 'enforce') => {
    const domain = { name: 'strict.example', mtaSts, catchall: null, separators: '', isCaseSensitive: false };
    const checks = new DomainChecks({
      directory: {
        listDomains: async () => [{ ...domain, isDisabled: false, addresses: 1, aliases: 0 }],
        dkimKeys: { list: async () => [] },
      },
      dns: {
        resolver,
        knowsDnssec: false,
        host: async () => ({ hostname: 'mx.example.net', addresses: [], keys: [], ports }),
      },
      onError: (error) => errors.push(error),
      now: () => Date.now(),
    });
    await checks.read();
    await expect.poll(async () => (await checks.read())[0]?.checkedAt).not.toBeNull();
    return (await checks.read())[0]?.troubles ?? [];
  };
  expect(await troublesOf('enforce')).toContain('_mta-sts.strict.example TXT');
  expect(await troublesOf('testing')).not.toContain('_mta-sts.strict.example TXT');
  expect(errors).toEqual([]);
});

import { ScriptedResolver } from '@postel/dns';
import { expect, test } from 'vitest';
import { type MailHostSource, readMailHost } from './read-mail-host.ts';

const SOURCE: MailHostSource = {
  hostname: 'Mail.example.com',
  publicAddresses: [],
  certificates: [{ certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' }],
  ports: { submission: null, submissions: 465, imap: null, imaps: 993 },
};
const addresses = async (known: readonly string[], own: readonly string[], said: readonly string[] = []) => {
  const resolver = new ScriptedResolver(known.length === 0 ? {} : { 'mail.example.com': { A: known } });
  return (await readMailHost({ ...SOURCE, publicAddresses: said }, resolver, own)).addresses;
};

test.each<[known: string[], own: string[], addresses: string[]]>([
  [['192.0.2.1'], ['127.0.0.1', '10.0.0.5'], ['192.0.2.1']], // behind NAT
  [['192.0.2.1'], ['192.0.2.1', '2001:db8::1'], ['192.0.2.1']],
  [['192.0.2.1'], ['192.0.2.9', 'fe80::1', '10.0.0.5'], ['192.0.2.9']],
  [
    [],
    ['127.0.0.1', '::1', '192.0.2.9', '2001:db8::1', 'fd00::1', '169.254.1.1', '172.16.0.1'],
    ['192.0.2.9', '2001:db8::1'],
  ],
  [[], ['127.0.0.1', '100.64.0.1'], []],
])('where the DNS has %j and the machine %j, the addresses are %j', async (known, own, expected) => {
  expect(await addresses(known, own)).toEqual(expected);
});

test('what the configuration says is not doubted, and a certificate that cannot be read is no key', async () => {
  expect(await addresses(['192.0.2.1'], ['192.0.2.1'], ['192.0.2.5'])).toEqual(['192.0.2.5']);
  const host = await readMailHost(SOURCE, new ScriptedResolver({}), []);
  expect(host).toMatchObject({ hostname: 'mail.example.com', keys: [], addresses: [] });
});

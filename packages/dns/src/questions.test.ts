import { expect, test } from 'vitest';
import { iprev, lookUpAddresses } from './questions.ts';
import { reverseName } from './reverse-name.ts';
import { ScriptedResolver } from './scripted-resolver.ts';

const resolver = new ScriptedResolver({
  '1.2.0.192.in-addr.arpa': { PTR: ['other.example', 'mx.example'] },
  '2.2.0.192.in-addr.arpa': { PTR: ['mx.example'] },
  '3.2.0.192.in-addr.arpa': { PTR: ['broken.example'] },
  '4.2.0.192.in-addr.arpa': 'temporary',
  '5.2.0.192.in-addr.arpa': 'bogus',
  '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: ['mx.example'] },
  'mx.example': { A: ['192.0.2.1'], AAAA: ['2001:0db8::0001'] },
  'other.example': { A: ['198.51.100.1'] },
  'broken.example': 'temporary',
});

test.each([
  ['192.0.2.1', 'pass', 'mx.example'],
  ['::ffff:192.0.2.1', 'pass', 'mx.example'],
  ['2001:db8::1', 'pass', 'mx.example'],
  ['127.0.0.1', 'pass', 'localhost'],
  ['::1', 'pass', 'localhost'],
  ['192.0.2.2', 'fail', null],
  ['192.0.2.3', 'temperror', null],
  ['192.0.2.4', 'temperror', null],
  ['192.0.2.5', 'temperror', null],
  ['192.0.2.6', 'permerror', null],
])('iprev of %s: %s', async (address, result, name) => {
  expect(await iprev(resolver, address)).toEqual({ result, name });
});

test('a host with addresses of one family is found, and one that may have some is not said to have none', async () => {
  const oneFamily = new ScriptedResolver({ 'a.example': { A: ['192.0.2.1'] }, 'b.example': 'bogus' }, true);
  expect(await lookUpAddresses(oneFamily, 'a.example')).toEqual({
    kind: 'found',
    records: ['192.0.2.1'],
    authentic: true,
  });
  expect(await lookUpAddresses(oneFamily, 'b.example')).toEqual({ kind: 'bogus' });
  expect(await lookUpAddresses(oneFamily, 'c.example')).toEqual({ kind: 'nxdomain', authentic: true });
});

test.each([
  ['192.0.2.33', '33.2.0.192.in-addr.arpa'],
  ['::ffff:c000:221', '33.2.0.192.in-addr.arpa'],
  ['fe80::1%lo', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa'],
  ['2001:db8:1:2:3:4:5:6', '6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'],
  ['mx.example', null],
])('the reverse name of %s is %s', (address, name) => {
  expect(reverseName(address)).toBe(name);
});

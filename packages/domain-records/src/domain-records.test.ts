import { execFileSync } from 'node:child_process';
import { requirePrograms } from '@postel/testkit';
import { mtaStsPolicy } from '@postel/tls-policy';
import { expect, test } from 'vitest';
import { domainRecords } from './domain-records.ts';
import { DIGEST, HOST, keyOf } from './records-for-tests.ts';
import { serverKey } from './server-key.ts';
import { formatZone, zoneLine } from './zone-file.ts';

const ed = keyOf('ed25519');
const rsa = keyOf('rsa', 'made');
const KEYS = [ed, rsa];

test('a domain needs these records', () => {
  const lines = domainRecords('example.com', KEYS, HOST).map(zoneLine);
  const edKey = ed.subjectPublicKeyInfo.subarray(-32).toString('base64');
  const rsaKey = rsa.subjectPublicKeyInfo.toString('base64');
  const rsaRecord = `v=DKIM1; k=rsa; p=${rsaKey}`;
  expect(lines).toEqual([
    'example.com. 3600 IN MX 10 mail.example.com.',
    'mail.example.com. 3600 IN A 192.0.2.1',
    '1.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.com.',
    'mail.example.com. 3600 IN AAAA 2001:db8::1',
    `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR mail.example.com.`,
    'example.com. 3600 IN TXT "v=spf1 mx ~all"',
    `ed-1._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=ed25519; p=${edKey}"`,
    `rsa-1._domainkey.example.com. 3600 IN TXT "${rsaRecord.slice(0, 255)}" "${rsaRecord.slice(255)}"`,
    '_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.com"',
    'mail.example.com. 3600 IN TXT "v=spf1 a -all"',
    '_smtp._tls.example.com. 3600 IN TXT "v=TLSRPTv1; rua=mailto:postmaster@example.com"',
    `_25._tcp.mail.example.com. 3600 IN TLSA 3 1 1 ${DIGEST}`,
    `_mta-sts.example.com. 3600 IN TXT "v=STSv1; id=${mtaStsPolicy('mail.example.com', 'testing').id}"`,
    'mta-sts.example.com. 3600 IN CNAME mail.example.com.',
    '_submissions._tcp.example.com. 3600 IN SRV 0 1 465 mail.example.com.',
    '_imaps._tcp.example.com. 3600 IN SRV 0 1 993 mail.example.com.',
    '_submission._tcp.example.com. 3600 IN SRV 10 1 587 mail.example.com.',
    'autoconfig.example.com. 3600 IN CNAME mail.example.com.',
    'autodiscover.example.com. 3600 IN CNAME mail.example.com.',
  ]);
});

test('each says in one line why it is needed, as a comment of a zone file', () => {
  const records = domainRecords('example.com', KEYS, HOST);
  for (const { why } of records) expect(why).toMatch(/^[A-Z][^\n]+\.$/);
  for (const line of formatZone(records).split('\n')) expect(line).toMatch(/^$|^; .{1,110}$|^[\w.-]+\. 3600 IN /);
});

test('where the domain is the host itself, its SPF stands once', () => {
  const records = domainRecords('mail.example.com', [], HOST);
  expect(records.filter(({ kind }) => kind === 'host-spf' || kind === 'spf')).toMatchObject([
    { name: 'mail.example.com', value: 'v=spf1 mx ~all' },
  ]);
});

test('a retired key is published until mail on its way has arrived', () => {
  const until = new Date('2026-12-07T12:00:00Z');
  const namesAt = (now: string) =>
    domainRecords('example.com', [keyOf('ed25519', 'retired', until)], HOST, { now: new Date(now) })
      .filter(({ kind }) => kind === 'dkim')
      .map(({ why }) => why);
  expect(namesAt('2026-12-07T11:59:59Z')).toEqual([expect.stringContaining('it may go on 2026-12-07')]);
  expect(namesAt('2026-12-07T12:00:01Z')).toEqual([]);
});

test('a key that may change with its certificate is for whoever knows that it does not', () => {
  const zone = (isKept: boolean) =>
    formatZone(domainRecords('example.com', [], { ...HOST, keys: [{ digest: DIGEST, isKept }] }));
  expect(zone(true)).toMatch(/^_25\._tcp/m);
  expect(zone(true)).not.toContain('--reuse-key');
  expect(zone(false)).toMatch(/^;_25\._tcp\.mail\.example\.com\. 3600 IN TLSA /m);
  expect(zone(false)).toContain('--reuse-key');
});

test('an MTA-STS policy has another id whenever it says something else', () => {
  const { text, id } = mtaStsPolicy('mail.example.com', 'testing');
  expect(text).toBe('version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\nmax_age: 604800\r\n');
  expect(id).toMatch(/^[0-9a-f]{20}$/);
  expect(mtaStsPolicy('mail.example.com', 'testing').id).toBe(id);
  expect(mtaStsPolicy('mail.example.com', 'enforce').id).not.toBe(id);
  expect(mtaStsPolicy('mx.example.com', 'testing').id).not.toBe(id);
});

test('quotation marks and backslashes in a text do not end it', () => {
  expect(zoneLine({ name: 'a.example', type: 'TXT', value: 'a"b\\c' })).toBe('a.example. 3600 IN TXT "a\\"b\\\\c"');
  expect(zoneLine({ name: 'a.example', type: 'TXT', value: '' })).toBe('a.example. 3600 IN TXT ""');
});

/** Self-signed, of these days. */
function certificate(days: number): string {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    '/dev/null',
  ];
  const subject = ['-subj', '/CN=x', '-addext', 'subjectAltName=DNS:mail.example.com', '-days', String(days)];
  return execFileSync('openssl', [...args, ...subject], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
}

test('the key of a certificate is taken for one that stays if it is older, or the certificate is for years', ({
  skip,
}) => {
  requirePrograms(skip, 'openssl');
  const now = new Date();
  const lastMonth = new Date(Date.now() - 30 * 86_400_000);
  const short = certificate(90);
  const pin = execFileSync(
    'sh',
    ['-c', 'openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r'],
    {
      input: short,
    },
  );
  expect(serverKey(short, now, 'mail.example.com')).toEqual({ digest: pin.toString().slice(0, 64), isKept: false });
  expect(serverKey(short, lastMonth, 'mail.example.com')?.isKept).toBe(true);
  expect(serverKey(certificate(3_650), now, 'mail.example.com')?.isKept).toBe(true);
  expect(serverKey(short, now, 'other.example.com')).toBeNull();
});

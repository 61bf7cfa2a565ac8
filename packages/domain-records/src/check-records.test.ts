import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { formatDkimRecord } from '@postel/message-auth';
import { expect, test } from 'vitest';
import { type CheckedRecord, checkRecords } from './check-records.ts';
import { domainRecords, type MailHost } from './domain-records.ts';
import type { RecordKind } from './record.ts';
import { DIGEST, HOST, keyOf } from './records-for-tests.ts';

const ed = keyOf('ed25519');
const OWN_DKIM = formatDkimRecord(ed.subjectPublicKeyInfo);
const RECORDS = domainRecords('example.com', [ed], HOST);
const IPV6_NAME = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;

type Zone = Readonly<Record<string, ScriptedName>>;

/** A DNS that has everything, but for what a test says of some names. */
function zoneWith(change: Zone = {}): Zone {
  const tlsa = (digest: string) => ({ usage: 3, selector: 1, matchingType: 1, data: Buffer.from(digest, 'hex') });
  const srv = (priority: number, port: number) => ({
    SRV: [{ priority, weight: 1, port, target: 'mail.example.com' }],
  });
  const id = RECORDS.find(({ kind }) => kind === 'mta-sts')?.value ?? '';
  return {
    'example.com': { MX: [{ preference: 10, exchange: 'mail.example.com' }], TXT: ['hello', 'v=spf1 mx ~all'] },
    'mail.example.com': { A: ['192.0.2.1'], AAAA: ['2001:db8:0::1'], TXT: ['v=spf1 a -all'] },
    '1.2.0.192.in-addr.arpa': { PTR: ['mail.example.com'] },
    [IPV6_NAME]: { PTR: ['mail.example.com'] },
    'ed-1._domainkey.example.com': { TXT: [OWN_DKIM] },
    '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] },
    '_smtp._tls.example.com': { TXT: ['v=TLSRPTv1; rua=mailto:tls@example.org'] },
    '_25._tcp.mail.example.com': { TLSA: [tlsa('00'.repeat(32)), tlsa(DIGEST)] },
    '_mta-sts.example.com': { TXT: [`${id};`] },
    'mta-sts.example.com': { CNAME: ['mail.example.com'] },
    'autoconfig.example.com': { A: ['192.0.2.2'] },
    'autodiscover.example.com': { A: ['192.0.2.2'] },
    '_submissions._tcp.example.com': srv(0, 465),
    '_imaps._tcp.example.com': srv(0, 993),
    '_submission._tcp.example.com': srv(10, 587),
    ...change,
  };
}

async function check(zone: Zone, more: { isSigned?: boolean; knowsDnssec?: boolean; host?: MailHost } = {}) {
  const { isSigned = true, knowsDnssec = true, host = HOST } = more;
  return await checkRecords(RECORDS, { resolver: new ScriptedResolver(zone, isSigned), knowsDnssec, host });
}

/** What is not right, or has a note. */
const notable = (checked: readonly CheckedRecord[]) =>
  checked
    .filter(({ state, note }) => state !== 'right' || note !== null)
    .map(({ record, state, note }) => [record.kind, state, note] as const);

test('where the DNS has everything, all is right', async () => {
  const checked = await check(zoneWith());
  expect(notable(checked)).toEqual([]);
  expect(checked.every(({ isSigned, isTrouble }) => isSigned && !isTrouble)).toBe(true);
});

test('where it has nothing, all is missing, and what is needed is trouble', async () => {
  const checked = await check({});
  expect(new Set(checked.map(({ state }) => state))).toEqual(new Set(['missing']));
  const trouble = checked.filter(({ isTrouble }) => isTrouble).map(({ record }) => record.kind);
  expect(new Set(trouble)).toEqual(new Set<RecordKind>(['mx', 'address', 'reverse', 'spf', 'dkim']));
});

test('hardening 61: a DNS that does not answer, or lies, says nothing of what is there', async () => {
  const zone = zoneWith({ 'example.com': 'temporary', 'ed-1._domainkey.example.com': 'bogus' });
  expect(notable(await check(zone))).toEqual([
    ['mx', 'unknown', 'the DNS does not say: SERVFAIL'],
    ['spf', 'unknown', 'the DNS does not say: SERVFAIL'],
    ['dkim', 'different', expect.stringContaining('DNSSEC')],
  ]);
});

const mx = (...exchanges: string[]) => ({
  'example.com': {
    MX: exchanges.map((exchange, i) => ({ preference: i, exchange })),
    TXT: ['v=spf1 a:mail.example.com -all'],
  },
});

test.each<[what: string, change: Zone, kind: RecordKind, state: string, note: string | null]>([
  ['another host', mx('mx.example.org'), 'mx', 'different', null],
  [
    'another host too',
    mx('mail.example.com', 'mx.example.org'),
    'mx',
    'right',
    'mail may go to mx.example.org as well',
  ],
  ['no mail', mx(''), 'mx', 'different', 'the domain says that it takes no mail (RFC 7505)'],
  [
    'an alias',
    {
      'mail.example.com': { CNAME: ['host.example.net'] },
      'host.example.net': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'] },
    },
    'mx',
    'different',
    'mail.example.com is an alias, which no MX may name (RFC 2181 §10.3)',
  ],
  ['a host without address', { 'mail.example.com': {} }, 'mx', 'different', 'mail.example.com has no address'],
  ['another address', { 'mail.example.com': { A: ['192.0.2.9'] } }, 'address', 'different', null],
  ['another name', { '1.2.0.192.in-addr.arpa': { PTR: ['host-1.example.net'] } }, 'reverse', 'different', null],
  [
    'two SPF records',
    { 'example.com': { TXT: ['v=spf1 mx ~all', 'v=spf1 -all'] } },
    'spf',
    'different',
    'there may be one alone (RFC 7208 §4.5)',
  ],
  [
    'others only',
    { 'example.com': { TXT: ['v=spf1 ip4:192.0.2.9 -all'] } },
    'spf',
    'different',
    '192.0.2.1 does not pass: fail',
  ],
  [
    'both addresses',
    { 'example.com': { TXT: ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all'] } },
    'spf',
    'right',
    null,
  ],
  ['no SPF but other texts', { 'example.com': { TXT: ['v=spf10'] } }, 'spf', 'missing', null],
  [
    'a policy that is none',
    { 'mail.example.com': { A: ['192.0.2.1'], TXT: ['v=spf1 foo'] } },
    'host-spf',
    'different',
    '192.0.2.1 does not pass: permerror',
  ],
  [
    'another key',
    { 'ed-1._domainkey.example.com': { TXT: [formatDkimRecord(keyOf('ed25519').subjectPublicKeyInfo)] } },
    'dkim',
    'different',
    null,
  ],
  [
    'two keys',
    { 'ed-1._domainkey.example.com': { TXT: [OWN_DKIM, 'v=DKIM1; p='] } },
    'dkim',
    'different',
    expect.stringContaining('several'),
  ],
  [
    'a key with spaces',
    { 'ed-1._domainkey.example.com': { TXT: [OWN_DKIM.replaceAll('; ', ';')] } },
    'dkim',
    'right',
    null,
  ],
  [
    'p=none',
    { '_dmarc.example.com': { TXT: ['v=DMARC1;p=none;rua=mailto:a@example.org'] } },
    'dmarc',
    'right',
    'p=none: nothing is done about forged mail',
  ],
  [
    'no policy',
    { '_dmarc.example.com': { TXT: ['v=DMARC1; rua=mailto:a@example.org'] } },
    'dmarc',
    'different',
    expect.stringContaining('no policy'),
  ],
  [
    'two of them',
    { '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] } },
    'dmarc',
    'different',
    expect.stringContaining('several'),
  ],
  ['another text', { '_dmarc.example.com': { TXT: ['hello'] } }, 'dmarc', 'missing', null],
  ['no address for reports', { '_smtp._tls.example.com': { TXT: ['v=TLSRPTv1;'] } }, 'tls-reports', 'different', null],
  [
    'another policy',
    { '_mta-sts.example.com': { TXT: ['v=STSv1; id=1'] } },
    'mta-sts',
    'right',
    expect.stringContaining('not Postel'),
  ],
  ['no id', { '_mta-sts.example.com': { TXT: ['v=STSv1;'] } }, 'mta-sts', 'different', null],
  [
    'another port',
    { '_imaps._tcp.example.com': { SRV: [{ priority: 0, weight: 1, port: 994, target: 'mail.example.com' }] } },
    'service',
    'different',
    null,
  ],
])('the DNS has %s', async (_, change, kind, state, note) => {
  const checked = await check(zoneWith(change));
  const found = checked.filter(({ record }) => record.kind === kind);
  expect(found).toContainEqual(expect.objectContaining({ state, note }));
});

test('the DMARC record of the domain above counts (RFC 9989 §4.10), and its top level is not asked', async () => {
  const records = domainRecords('a.b.example.com', [], HOST).filter(({ kind }) => kind === 'dmarc');
  const resolver = new ScriptedResolver({
    '_dmarc.example.com': { TXT: ['v=DMARC1; p=reject'] },
    '_dmarc.com': { TXT: ['v=DMARC1; p=none'] },
  });
  const [dmarc] = await checkRecords(records, { resolver, knowsDnssec: false, host: HOST });
  expect(dmarc).toMatchObject({ state: 'right', note: 'that of example.com', found: ['v=DMARC1; p=reject'] });
  const [none] = await checkRecords(records, {
    resolver: new ScriptedResolver({ '_dmarc.com': { TXT: ['v=DMARC1; p=none'] } }),
    knowsDnssec: false,
    host: HOST,
  });
  expect(none).toMatchObject({ state: 'missing', isTrouble: false });
});

test('what differs is shown with what there is', async () => {
  const checked = await check(zoneWith(mx('b.example.org', 'a.example.org')));
  const found = checked.find(({ record }) => record.kind === 'mx');
  expect(found).toMatchObject({
    found: ['0 b.example.org', '1 a.example.org'],
    record: { value: '10 mail.example.com' },
  });
});

test('hardening 61: without DNSSEC nobody goes by a TLSA record', async () => {
  const unsigned = (checked: readonly CheckedRecord[]) => checked.filter(({ state }) => state === 'unsigned');
  expect(unsigned(await check(zoneWith(), { isSigned: false }))).toMatchObject([
    { record: { kind: 'tlsa' }, isTrouble: false },
  ]);
  expect(unsigned(await check({}, { isSigned: false }))).toHaveLength(1);
  // Who asks servers that are not believed learns nothing of it.
  const untold = await check(zoneWith(), { isSigned: false, knowsDnssec: false });
  expect(notable(untold)).toEqual([]);
  expect(new Set(untold.map(({ isSigned }) => isSigned))).toEqual(new Set([null]));
});

test('a TLSA record of no certificate here keeps mail away', async () => {
  const zone = zoneWith({
    '_25._tcp.mail.example.com': { TLSA: [{ usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32) }] },
  });
  const [tlsa] = (await check(zone)).filter(({ record }) => record.kind === 'tlsa');
  expect(tlsa).toMatchObject({ state: 'different', isTrouble: true, found: [`3 1 1 ${'00'.repeat(32)}`] });
});

test('where it is not known what addresses the host has, another SPF policy cannot be judged', async () => {
  const host = { ...HOST, addresses: [] };
  const spf = async (zone: Zone) => (await check(zone, { host })).find(({ record }) => record.kind === 'spf');
  expect(await spf(zoneWith({ 'example.com': { TXT: ['v=spf1 a -all'] } }))).toMatchObject({ state: 'unknown' });
  expect(await spf(zoneWith())).toMatchObject({ state: 'right' });
});

test('what is enforced must fit: other MX hosts, no certificate for the host, and an id of before are told', async () => {
  const records = domainRecords('example.com', [ed], HOST, { mtaSts: 'enforce' });
  const value = records.find(({ kind }) => kind === 'mta-sts')?.value ?? '';
  expect(value).not.toBe(RECORDS.find(({ kind }) => kind === 'mta-sts')?.value);
  const sts = async (change: Zone, host: MailHost = HOST) => {
    const resolver = new ScriptedResolver(zoneWith(change), true);
    const checked = await checkRecords(records, { resolver, knowsDnssec: true, host, mtaSts: 'enforce' });
    const found = checked.find(({ record }) => record.kind === 'mta-sts');
    return [found?.state, found?.isTrouble, found?.note];
  };
  const published = { '_mta-sts.example.com': { TXT: [value] } };
  expect(await sts(published)).toEqual(['right', false, null]);
  expect(await sts({})).toEqual(['right', false, 'it tells of a policy that is not Postel’s']);
  const MX = ['mail.example.com', 'backup.example.net'].map((exchange) => ({ preference: 10, exchange }));
  const others = { ...published, 'example.com': { MX, TXT: ['v=spf1 mx ~all'] } };
  expect(await sts(others)).toEqual(['different', true, expect.stringContaining('does not name backup.example.net')]);
  const bare = { ...HOST, keys: [] };
  expect(await sts(published, bare)).toEqual(['different', true, expect.stringContaining('no certificate')]);
});

test('the id of a policy is one for all cases of the host name', () => {
  const idOf = (hostname: string) =>
    domainRecords('example.com', [], { ...HOST, hostname }).find(({ kind }) => kind === 'mta-sts')?.value;
  expect(idOf('MAIL.Example.com')).toBe(idOf('mail.example.com'));
});

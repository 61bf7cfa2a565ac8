import type { Tlsa } from '@postel/dns';
import { type MadeCertificate, makeTestCertificate } from '@postel/testkit';
import { beforeAll, expect, test } from 'vitest';
import { decideTlsPolicy, type TlsDemand } from './decide-tls-policy.ts';
import type { Dane } from './find-dane.ts';
import { judgeTls, type SeenTls } from './judge-tls.ts';
import type { StsMode, StsPolicy } from './sts-policy.ts';
import { shakeHands } from './testing/shake-hands.ts';
import { tlsFailure } from './tls-failure.ts';
import { peerKeyHash } from './tls-peer.ts';

const HOST = 'mx.example.org';
const NOW = new Date();

/** What a test has of other servers. */
const seen = new Map<string, SeenTls>([
  ['clear', { type: 'not-offered' }],
  ['broken', { type: 'no-handshake', reason: 'the handshake broke' }],
  ['anonymous', { type: 'secured', peer: null }],
]);
const dane = new Map<string, Dane>([
  ['-', { type: 'none' }],
  ['unknown', { type: 'unknown', failure: tlsFailure('dnssec-invalid', 'it is not known') }],
]);
let root: MadeCertificate;

beforeAll(async () => {
  root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  const trusted = await makeTestCertificate({ names: [HOST], issuer: root });
  const misnamed = await makeTestCertificate({ names: ['other.example'], issuer: root });
  const expired = await makeTestCertificate({ names: [HOST], issuer: root, fromDays: -3, toDays: -1 });
  const own = await makeTestCertificate({ names: [HOST] });
  for (const [name, made] of Object.entries({ trusted, misnamed, expired, own })) {
    seen.set(name, { type: 'secured', peer: await shakeHands([made], root) });
  }
  const records = (usage: number): readonly Tlsa[] => {
    const peer = seen.get('own');
    const data = peer?.type === 'secured' && peer.peer !== null ? peerKeyHash(peer.peer) : Buffer.alloc(0);
    return [{ usage, selector: 1, matchingType: 1, data }];
  };
  dane.set('own key', { type: 'usable', baseDomain: 'base.example.org', names: [], records: records(3) });
  dane.set('unusable', { type: 'unusable', baseDomain: 'base.example.org', names: [], records: records(1) });
});

function policyOf(daneName: string, sts: string, demand: TlsDemand, isHostAuthentic: boolean) {
  const [mode, mx = HOST] = sts.split(' ');
  const policy: StsPolicy | null = sts === '-' ? null : { mode: mode as StsMode, mx: [mx], maxAgeSeconds: 1 };
  const answer = dane.get(daneName) ?? { type: 'none' };
  const question = { domain: 'example.org', host: HOST, isHostAuthentic, dane: answer, demand };
  return decideTlsPolicy({ ...question, sts: { policy, failure: null, isCertain: true } });
}

const SIGNED = true;
const UNSIGNED = false;

/** What there is of DANE, of MTA-STS, what the message demands, whether DNSSEC vouches for the MX, what the server does; who refuses, and what is reported. */
test.for<[string, string, TlsDemand, boolean, string, string | null, string | null]>([
  // Nothing: whoever it is, and in the clear if need be.
  ['-', '-', 'none', UNSIGNED, 'clear', null, 'starttls-not-supported'],
  ['-', '-', 'none', UNSIGNED, 'broken', null, 'validation-failure'],
  ['-', '-', 'none', UNSIGNED, 'own', null, null],
  ['-', '-', 'none', SIGNED, 'expired', null, null],
  ['-', '-', 'none', UNSIGNED, 'anonymous', null, null],
  // DANE: its key alone, whatever MTA-STS would say.
  ['own key', '-', 'none', SIGNED, 'own', null, null],
  ['own key', '-', 'none', SIGNED, 'trusted', 'dane', 'validation-failure'],
  ['own key', '-', 'none', SIGNED, 'anonymous', 'dane', 'certificate-not-trusted'],
  ['own key', '-', 'none', SIGNED, 'clear', 'dane', 'starttls-not-supported'],
  ['own key', '-', 'none', SIGNED, 'broken', 'dane', 'validation-failure'],
  ['own key', 'enforce', 'none', SIGNED, 'own', null, null],
  ['own key', 'enforce other.example', 'none', SIGNED, 'own', null, null],
  ['own key', 'none', 'none', SIGNED, 'trusted', 'dane', 'validation-failure'],
  // Records that nobody can use: TLS it must be.
  ['unusable', '-', 'none', SIGNED, 'own', null, 'tlsa-invalid'],
  ['unusable', '-', 'none', SIGNED, 'clear', 'dane', 'starttls-not-supported'],
  ['unusable', '-', 'none', SIGNED, 'broken', 'dane', 'validation-failure'],
  ['unusable', 'enforce', 'none', SIGNED, 'own', 'mta-sts', 'tlsa-invalid'],
  ['unusable', 'enforce', 'none', SIGNED, 'trusted', null, 'tlsa-invalid'],
  // MTA-STS.
  ['-', 'enforce', 'none', UNSIGNED, 'trusted', null, null],
  ['-', 'enforce', 'none', UNSIGNED, 'own', 'mta-sts', 'certificate-not-trusted'],
  ['-', 'enforce', 'none', UNSIGNED, 'misnamed', 'mta-sts', 'certificate-host-mismatch'],
  ['-', 'enforce', 'none', UNSIGNED, 'expired', 'mta-sts', 'certificate-expired'],
  ['-', 'enforce', 'none', UNSIGNED, 'clear', 'mta-sts', 'starttls-not-supported'],
  ['-', 'enforce', 'none', UNSIGNED, 'broken', 'mta-sts', 'validation-failure'],
  ['-', 'enforce', 'none', UNSIGNED, 'anonymous', 'mta-sts', 'certificate-not-trusted'],
  ['-', 'enforce *.example.org', 'none', UNSIGNED, 'trusted', null, null],
  ['-', 'enforce', 'none', SIGNED, 'own', 'mta-sts', 'certificate-not-trusted'],
  // REQUIRETLS: somebody has to vouch for the server, and for its key.
  ['-', '-', 'required', SIGNED, 'trusted', null, null],
  ['-', '-', 'required', SIGNED, 'own', 'requiretls', null],
  ['-', '-', 'required', SIGNED, 'clear', 'requiretls', 'starttls-not-supported'],
  ['-', 'enforce', 'required', UNSIGNED, 'trusted', null, null],
  ['-', 'testing', 'required', UNSIGNED, 'trusted', null, null],
  ['-', 'testing', 'required', UNSIGNED, 'own', 'requiretls', 'certificate-not-trusted'],
  ['own key', '-', 'required', SIGNED, 'own', null, null],
  ['own key', '-', 'required', SIGNED, 'trusted', 'dane', 'validation-failure'],
  ['unusable', '-', 'required', SIGNED, 'own', 'requiretls', 'tlsa-invalid'],
  ['unusable', '-', 'required', SIGNED, 'trusted', null, 'tlsa-invalid'],
  // Whose sender would rather have it go in the clear.
  ['own key', '-', 'optional', SIGNED, 'trusted', null, 'validation-failure'],
  ['own key', '-', 'optional', SIGNED, 'clear', null, 'starttls-not-supported'],
  ['-', 'enforce', 'optional', UNSIGNED, 'clear', null, 'starttls-not-supported'],
  ['-', 'enforce other.example', 'optional', UNSIGNED, 'own', null, 'validation-failure'],
])(
  'DANE %s, MTA-STS %s, TLS %s, MX signed %s, and a server that is %s',
  ([records, sts, demand, isSigned, name, by, failure]) => {
    const policy = policyOf(records, sts, demand, isSigned);
    expect(policy.refusal).toBeNull();
    const shown = seen.get(name);
    if (shown === undefined) throw new Error(`no such server: ${name}`);
    const judgement = judgeTls(policy, shown, NOW);
    expect([judgement.refusal?.by ?? null, judgement.failure?.type ?? null]).toEqual([by, failure]);
  },
);

test.for(['clear', 'broken', 'own', 'misnamed', 'expired', 'anonymous', 'trusted'])(
  'hardening 62: testing never blocks, whatever a server is: %s',
  (name) => {
    const shown = seen.get(name);
    if (shown === undefined) throw new Error(`no such server: ${name}`);
    for (const sts of ['testing', 'testing other.example', 'none', 'none other.example']) {
      const policy = policyOf('-', sts, 'none', UNSIGNED);
      expect(policy.refusal).toBeNull();
      const { refusal, failure } = judgeTls(policy, shown, NOW);
      expect(refusal).toBeNull();
      if (sts.startsWith('testing ') || (sts === 'testing' && name !== 'trusted')) expect(failure).not.toBeNull();
    }
  },
);

/** As above; what a host is refused for that is not even connected to. */
test.for<[string, string, TlsDemand, boolean, string | null, boolean]>([
  ['unknown', '-', 'none', SIGNED, 'dane', true],
  ['unknown', 'testing', 'none', SIGNED, 'dane', true],
  ['unknown', '-', 'required', SIGNED, 'dane', true],
  ['unknown', '-', 'optional', SIGNED, null, true],
  ['-', 'enforce other.example', 'none', UNSIGNED, 'mta-sts', true],
  ['-', 'enforce other.example', 'none', SIGNED, 'mta-sts', true],
  ['-', 'enforce *.mx.example.org', 'none', SIGNED, 'mta-sts', true],
  ['-', '-', 'required', UNSIGNED, 'requiretls', false],
  ['-', 'none', 'required', UNSIGNED, 'requiretls', false],
  ['-', 'testing other.example', 'required', UNSIGNED, 'requiretls', false],
])('DANE %s, MTA-STS %s, TLS %s, MX signed %s: refused by %s', ([records, sts, demand, isSigned, by, isTemporary]) => {
  const { refusal } = policyOf(records, sts, demand, isSigned);
  expect(refusal?.by ?? null).toBe(by);
  if (refusal !== null) expect(refusal.isTemporary).toBe(isTemporary);
});

test('REQUIRETLS waits where it is not known whether a policy vouches for the server', () => {
  const policy = decideTlsPolicy({
    domain: 'example.org',
    host: HOST,
    isHostAuthentic: false,
    dane: { type: 'none' },
    demand: 'required',
    sts: { policy: null, failure: null, isCertain: false },
  });
  expect(policy.refusal).toMatchObject({ by: 'requiretls', isTemporary: true });
});

test('the server is asked for by the name that its records stand below, and by its own otherwise', () => {
  expect(policyOf('own key', '-', 'none', SIGNED).serverName).toBe('base.example.org');
  expect(policyOf('-', 'enforce', 'none', SIGNED).serverName).toBe(HOST);
});

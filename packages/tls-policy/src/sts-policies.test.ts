import type { ServerResponse } from 'node:http';
import { type ScriptedName, ScriptedResolver } from '@postel/dns';
import { type CertificateWishes, type MadeCertificate, makeTestCertificate, PolicyWeb } from '@postel/testkit';
import { beforeAll, expect, test } from 'vitest';
import { StsPolicies } from './sts-policies.ts';
import { MemoryStsStore } from './testing/memory-sts-store.ts';
import type { FailureType, TlsFailure } from './tls-failure.ts';

const DAY_MS = 86_400_000;
const ENFORCE = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 604800\r\n';
const NONE = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n';

let root: MadeCertificate;
let right: MadeCertificate;

beforeAll(async () => {
  root = await makeTestCertificate({ commonName: 'root', isAuthority: true });
  right = await makeTestCertificate({ names: ['mta-sts.example.org'], issuer: root });
});

interface Parts {
  readonly certificate?: MadeCertificate;
  readonly isReachable?: (address: string) => boolean;
  readonly timeoutMs?: number;
}

/** A domain whose policy has the id that `zone` says, and a web server with that policy. */
async function start({ certificate = right, isReachable = () => true, timeoutMs }: Parts = {}) {
  const web = await PolicyWeb.start(certificate);
  web.serve(ENFORCE);
  const zone: Record<string, ScriptedName> = {
    'mta-sts.example.org': { A: ['127.0.0.1'] },
    '_mta-sts.example.org': { TXT: ['v=STSv1; id=1;'] },
  };
  const resolver = { lookUp: (name: string, type: never) => new ScriptedResolver(zone).lookUp(name, type) };
  const store = new MemoryStsStore();
  const failures: TlsFailure[] = [];
  const policies = new StsPolicies({
    store,
    resolver,
    web: {
      resolver,
      authorities: root.cert,
      isReachable,
      port: web.port,
      ...(timeoutMs !== undefined && { timeoutMs }),
    },
    onFailure: (_, failure) => failures.push(failure),
  });
  return {
    web,
    zone,
    store,
    failures,
    policies,
    find: () => policies.find('example.org'),
    setId: (id: string) => (zone['_mta-sts.example.org'] = { TXT: [`v=STSv1; id=${id};`] }),
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
}

test('a policy is fetched once, and anew when its id is another one', async () => {
  await using domain = await start();
  const policy = { mode: 'enforce', mx: ['mx.example.org'], maxAgeSeconds: 604_800 };
  expect(await domain.find()).toEqual({ policy, failure: null, isCertain: true });
  expect(await domain.find()).toEqual({ policy, failure: null, isCertain: true });
  expect(domain.web.asked).toEqual([`mta-sts.example.org:${domain.web.port} /.well-known/mta-sts.txt`]);
  domain.web.serve(NONE);
  domain.setId('2');
  expect(await domain.find()).toMatchObject({ policy: { mode: 'none' } });
  expect(domain.web.asked).toHaveLength(2);
});

test('many who want a policy at the same time fetch it once', async () => {
  await using domain = await start();
  const found = await Promise.all(Array.from({ length: 5 }, () => domain.find()));
  expect(found.map(({ policy }) => policy?.mode)).toEqual(Array.from({ length: 5 }, () => 'enforce'));
  expect(domain.web.asked).toHaveLength(1);
});

test('a domain without a TXT record has no policy, and nothing is fetched', async () => {
  await using domain = await start();
  delete domain.zone['_mta-sts.example.org'];
  expect(await domain.find()).toEqual({ policy: null, failure: null, isCertain: true });
  domain.zone['_mta-sts.example.org'] = 'temporary';
  expect(await domain.find()).toEqual({ policy: null, failure: null, isCertain: false });
  expect(domain.web.asked).toEqual([]);
});

test.for<[string, ScriptedName | undefined]>([
  ['is gone', undefined],
  ['does not come', 'temporary'],
  ['is signed wrongly', 'bogus'],
  ['makes no sense', { TXT: ['v=STSv1; id=1', 'v=STSv1; id=2'] }],
])('a policy that is kept holds when its TXT record %s, until its time is over', async ([, script]) => {
  await using domain = await start();
  await domain.find();
  if (script === undefined) delete domain.zone['_mta-sts.example.org'];
  else domain.zone['_mta-sts.example.org'] = script;
  expect(await domain.find()).toMatchObject({ policy: { mode: 'enforce' }, failure: null });
  domain.store.nowMs = 604_800_000;
  expect(await domain.find()).toMatchObject({ policy: null });
});

test('a policy that is kept holds when the next one cannot be had, which is tried again in five minutes', async () => {
  await using domain = await start();
  await domain.find();
  domain.setId('2');
  domain.web.answer = (response) => response.writeHead(500).end();
  const failure = {
    type: 'sts-policy-fetch-error',
    reason: 'no policy comes from mta-sts.example.org: it answers with status 500',
  };
  expect(await domain.find()).toMatchObject({ policy: { mode: 'enforce' }, failure });
  expect(domain.failures).toEqual([failure]);
  expect(await domain.find()).toMatchObject({ policy: { mode: 'enforce' }, failure: null });
  expect(domain.web.asked).toHaveLength(2);
  // Another version is another matter (RFC 8461 §3.3).
  domain.setId('3');
  await domain.find();
  expect(domain.web.asked).toHaveLength(3);
  domain.web.serve(NONE);
  domain.store.nowMs += 5 * 60_000;
  expect(await domain.find()).toMatchObject({ policy: { mode: 'none' }, failure: null });
});

test('policies are fetched anew each day, and hold if that fails', async () => {
  await using domain = await start();
  await domain.find();
  expect(await domain.policies.refresh()).toBe(0);
  domain.store.nowMs = DAY_MS;
  expect(await domain.policies.refresh()).toBe(1);
  expect(domain.web.asked).toHaveLength(2);
  domain.store.nowMs = 6 * DAY_MS;
  domain.web.answer = (response) => response.destroy();
  await domain.policies.refresh();
  expect(domain.failures).toHaveLength(1);
  // Of the first day it would have ended now.
  domain.store.nowMs = 7 * DAY_MS;
  expect(await domain.find()).toMatchObject({ policy: { mode: 'enforce' } });
});

test.for<[string, FailureType, (web: PolicyWeb) => void]>([
  [
    'another status',
    'sts-policy-fetch-error',
    (web) => (web.answer = (response) => response.writeHead(404).end(ENFORCE)),
  ],
  [
    'a redirection',
    'sts-policy-fetch-error',
    (web) => (web.answer = (response) => response.writeHead(301, { location: '/policy' }).end()),
  ],
  [
    'another media type',
    'sts-policy-fetch-error',
    (web) => (web.answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(ENFORCE)),
  ],
  [
    'no media type',
    'sts-policy-fetch-error',
    (web) => (web.answer = (response) => response.writeHead(200).end(ENFORCE)),
  ],
  ['a policy without end', 'sts-policy-fetch-error', (web) => (web.answer = (response) => flood(response))],
  ['no answer', 'sts-policy-fetch-error', (web) => (web.answer = () => {})],
  [
    'half an answer',
    'sts-policy-fetch-error',
    (web) => {
      web.answer = (response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('version: STSv1\r\n');
    },
  ],
  [
    'another protocol',
    'sts-policy-fetch-error',
    (web) => {
      web.answer = (response) =>
        response.socket?.end('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    },
  ],
  ['a policy that is none', 'sts-policy-invalid', (web) => web.serve('mode: enforce')],
])('hardening 62: a web server with %s', async ([, type, prepare]) => {
  await using domain = await start({ timeoutMs: 1_000 });
  prepare(domain.web);
  expect(await domain.find()).toMatchObject({ policy: null, failure: { type }, isCertain: false });
  expect(domain.web.asked).toHaveLength(1);
});

test.for<[string, CertificateWishes]>([
  ['for another name', { names: ['example.org'] }],
  ['with the name as its subject alone', { commonName: 'mta-sts.example.org' }],
  ['that has expired', { names: ['mta-sts.example.org'], fromDays: -3, toDays: -1 }],
])('hardening 62: a web server with a certificate %s', async ([, wishes]) => {
  await using domain = await start({ certificate: await makeTestCertificate({ issuer: root, ...wishes }) });
  expect(await domain.find()).toMatchObject({ policy: null, failure: { type: 'sts-webpki-invalid' } });
  expect(domain.web.asked).toEqual([]);
});

test('hardening 62: a web server whose certificate nobody has signed; one for any name at its place is right', async () => {
  {
    await using domain = await start({ certificate: await makeTestCertificate({ names: ['mta-sts.example.org'] }) });
    expect(await domain.find()).toMatchObject({ policy: null, failure: { type: 'sts-webpki-invalid' } });
  }
  await using domain = await start({
    certificate: await makeTestCertificate({ names: ['*.example.org'], issuer: root }),
  });
  expect(await domain.find()).toMatchObject({ policy: { mode: 'enforce' } });
});

test('hardening 61: a web server inside is not asked', async () => {
  await using domain = await start({ isReachable: (address) => address !== '127.0.0.1' });
  expect(await domain.find()).toMatchObject({ policy: null, failure: { type: 'sts-policy-fetch-error' } });
  expect(domain.web.asked).toEqual([]);
});

function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const more = () => {
    while (!response.destroyed && response.write('x: y\r\n'.repeat(1_000)));
    response.once('drain', more);
  };
  more();
}

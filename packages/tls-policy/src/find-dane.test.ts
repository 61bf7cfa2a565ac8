import type { Tlsa } from '@postel/dns';
import { expect, test } from 'vitest';
import { findDane } from './find-dane.ts';
import { SignedZone } from './testing/signed-zone.ts';

const EE: Tlsa = { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32, 1) };
const TA: Tlsa = { usage: 2, selector: 1, matchingType: 1, data: Buffer.alloc(32, 2) };
const PKIX: Tlsa = { usage: 1, selector: 1, matchingType: 1, data: Buffer.alloc(32, 3) };

const ADDRESS = { A: ['192.0.2.1'] };
const TLSA_OF_MX = '_25._tcp.mx.example.org';

function ask(zone: SignedZone, isHostAuthentic = true, host = 'mx.example.org') {
  return findDane(zone, { domain: 'example.org', host, port: 25, isHostAuthentic });
}

test('records that DNSSEC vouches for, all the way from the domain', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [EE, PKIX] } });
  expect(await ask(zone)).toEqual({ type: 'usable', baseDomain: 'mx.example.org', names: [], records: [EE] });
});

test('where DNSSEC does not vouch for the MX, its TLSA records say nothing and are not asked for', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [EE] } });
  expect(await ask(zone, false)).toEqual({ type: 'none' });
  expect(zone.questions).toEqual([]);
});

test('where DNSSEC does not vouch for the addresses, TLSA records are not asked for', async () => {
  const zone = new SignedZone({ [TLSA_OF_MX]: { TLSA: [EE] } }, { 'mx.example.org': ADDRESS });
  expect(await ask(zone)).toEqual({ type: 'none' });
  expect(zone.questions).not.toContain(`TLSA ${TLSA_OF_MX}`);
});

test('TLSA records that DNSSEC does not vouch for say nothing', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS }, { [TLSA_OF_MX]: { TLSA: [EE] } });
  expect(await ask(zone)).toEqual({ type: 'none' });
});

test('a host without TLSA records, and an address literal', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS });
  expect(await ask(zone)).toEqual({ type: 'none' });
  expect(await ask(zone, true, '192.0.2.1')).toEqual({ type: 'none' });
});

test('records of which none can be used ask for TLS with whoever it is', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [PKIX] } });
  expect(await ask(zone)).toEqual({ type: 'unusable', baseDomain: 'mx.example.org', names: [], records: [PKIX] });
});

test('a certificate under a trust anchor may be for the host, the domain, or where that leads', async () => {
  const zone = new SignedZone({
    'example.org': { CNAME: ['example.net'] },
    'mx.example.org': ADDRESS,
    [TLSA_OF_MX]: { TLSA: [TA] },
  });
  expect(await ask(zone)).toMatchObject({ names: ['mx.example.org', 'example.org', 'example.net'] });
});

test('an alias: the records of the name that it leads to come first, then its own (RFC 7672 §2.2.3)', async () => {
  const zone = {
    'mx.example.org': { CNAME: ['a.example.net'] },
    'a.example.net': { CNAME: ['b.example.net'] },
    'b.example.net': ADDRESS,
    [TLSA_OF_MX]: { TLSA: [EE] },
  };
  const both = { ...zone, '_25._tcp.b.example.net': { TLSA: [TA] } };
  expect(await ask(new SignedZone(both))).toMatchObject({ baseDomain: 'b.example.net', records: [TA] });
  expect(await ask(new SignedZone(zone))).toMatchObject({ baseDomain: 'mx.example.org', records: [EE] });
});

test('an alias that leads out of what DNSSEC vouches for leaves the records of its own name', async () => {
  const zone = new SignedZone(
    { 'mx.example.org': { CNAME: ['b.example.net'] }, [TLSA_OF_MX]: { TLSA: [EE] } },
    { 'b.example.net': ADDRESS, '_25._tcp.b.example.net': { TLSA: [TA] } },
  );
  expect(await ask(zone)).toMatchObject({ baseDomain: 'mx.example.org', records: [EE] });
});

test.for<[string, 'temporary' | 'bogus']>([
  [`TLSA ${TLSA_OF_MX}`, 'temporary'],
  [`TLSA ${TLSA_OF_MX}`, 'bogus'],
  ['CNAME mx.example.org', 'temporary'],
  ['CNAME mx.example.org', 'bogus'],
])('hardening 61: %s that is %s leaves the host alone', async ([question, failure]) => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [EE] } }, {}, { [question]: failure });
  expect(await ask(zone)).toMatchObject({ type: 'unknown', failure: { type: 'dnssec-invalid' } });
});

test('hardening 61: addresses of one family that do not come do not take DANE away', async () => {
  const zone = { 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [EE] } };
  const oneFailing = new SignedZone(zone, {}, { 'AAAA mx.example.org': 'temporary' });
  expect(await ask(oneFailing)).toMatchObject({ type: 'usable' });
  const bothFailing = new SignedZone(zone, {}, { 'AAAA mx.example.org': 'bogus', 'A mx.example.org': 'temporary' });
  expect(await ask(bothFailing)).toMatchObject({ type: 'unknown' });
});

test('hardening 61: aliases in a circle end', async () => {
  const zone = new SignedZone({ 'mx.example.org': ADDRESS, [TLSA_OF_MX]: { TLSA: [TA] } });
  const lookUp = zone.lookUp.bind(zone);
  zone.lookUp = async (name, type) =>
    type === 'CNAME' && name === 'example.org'
      ? ({ kind: 'found', records: ['example.org'], authentic: true } as never)
      : await lookUp(name, type);
  expect(await ask(zone)).toMatchObject({ names: ['mx.example.org', 'example.org'] });
});

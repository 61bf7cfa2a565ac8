import { describe, expect, test } from 'vitest';
import { askBlockList, checkBlockList } from './block-list.ts';
import { type ScriptedName, ScriptedResolver } from './scripted-resolver.ts';

const IPV6_TEST = `2.0.0.0.0.0.f.7.f.f.f.f.${'0.'.repeat(20)}bl.example`;

function ask(zone: Readonly<Record<string, ScriptedName>>, address: string) {
  return askBlockList(new ScriptedResolver(zone), 'bl.example', address);
}

describe('an address is listed', () => {
  test('with what the list says of it', async () => {
    const zone = { '9.113.0.203.bl.example': { A: ['127.0.0.4'], TXT: ['https://bl.example/?203.0.113.9', 'more'] } };
    expect(await ask(zone, '203.0.113.9')).toEqual({ type: 'listed', text: 'https://bl.example/?203.0.113.9' });
  });

  test('without a word', async () => {
    const zone = { '9.113.0.203.bl.example': { A: ['127.0.0.2', '127.0.0.10'] } };
    expect(await ask(zone, '203.0.113.9')).toEqual({ type: 'listed', text: null });
  });

  test('by its half octets, if it is IPv6', async () => {
    const name = `9.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.bl.example`;
    expect(await ask({ [name]: { A: ['127.0.0.2'] } }, '2001:db8::9')).toEqual({ type: 'listed', text: null });
  });

  test('as IPv4, if it is that in IPv6', async () => {
    const zone = { '9.113.0.203.bl.example': { A: ['127.0.0.2'] } };
    expect(await ask(zone, '::ffff:203.0.113.9')).toEqual({ type: 'listed', text: null });
  });
});

test('an address that the list does not have is not listed', async () => {
  expect(await ask({}, '203.0.113.9')).toEqual({ type: 'not-listed' });
  expect(await ask({ '9.113.0.203.bl.example': { TXT: ['x'] } }, '203.0.113.9')).toEqual({ type: 'not-listed' });
});

test.each<[string, ScriptedName, string]>([
  ['a refusal', { A: ['127.255.255.254'] }, 'it says 127.255.255.254'],
  ['a refusal beside a listing', { A: ['127.0.0.2', '127.255.255.255'] }, 'it says 127.255.255.255'],
  ['a refusal as some have it', { A: ['127.0.0.1'] }, 'it says 127.0.0.1'],
  ['an address of whoever has the domain now', { A: ['198.51.100.7'] }, 'it says 198.51.100.7'],
  ['hardening 61: SERVFAIL', 'temporary', 'SERVFAIL'],
  ['hardening 61: a wrong signature', 'bogus', 'its signature is wrong'],
])('%s is no answer', async (_, script, reason) => {
  const answer = await ask({ '9.113.0.203.bl.example': script }, '203.0.113.9');
  expect(answer).toEqual({ type: 'no-answer', reason });
});

describe('a list is', () => {
  const listed = { '2.0.0.127.bl.example': { A: ['127.0.0.2'] } };
  const everything = { '1.0.0.127.bl.example': { A: ['127.0.0.2'] } };

  test.each<[string, Readonly<Record<string, ScriptedName>>]>([
    ['sound', listed],
    ['lists-nothing', {}],
    ['lists-everything', { ...listed, ...everything }],
    ['lists-everything', { ...everything, '2.0.0.127.bl.example': 'temporary' }],
    ['no-answer', { '2.0.0.127.bl.example': 'temporary' }],
    ['no-answer', { ...listed, '1.0.0.127.bl.example': 'bogus' }],
    ['no-answer', { '2.0.0.127.bl.example': { A: ['127.255.255.254'] } }],
    ['no-answer', { '2.0.0.127.bl.example': { A: ['198.51.100.7'] }, '1.0.0.127.bl.example': { A: ['198.51.100.7'] } }],
  ])('%s', async (health, zone) => {
    expect(await checkBlockList(new ScriptedResolver(zone), 'bl.example', 'ipv4')).toBe(health);
  });

  test('looked at for each family by itself', async () => {
    const resolver = new ScriptedResolver({ [IPV6_TEST]: { A: ['127.0.0.2'] } });
    expect(await checkBlockList(resolver, 'bl.example', 'ipv6')).toBe('sound');
    expect(await checkBlockList(resolver, 'bl.example', 'ipv4')).toBe('lists-nothing');
    expect(resolver.questions).toContain(`A ${IPV6_TEST.replace(/^2/, '1')}`);
  });
});

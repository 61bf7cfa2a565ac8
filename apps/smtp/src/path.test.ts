import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAddressLiteral, LENIENT, parsePath } from './path.ts';

describe('parsePath', () => {
  test.each([
    ['<user@example.com>', 'user', 'example.com'],
    ['<u.s-e+r@sub.example.com>', 'u.s-e+r', 'sub.example.com'],
    ["<!#$%&'*+-/=?^_`{|}~@a>", "!#$%&'*+-/=?^_`{|}~", 'a'],
    ['<"quoted user"@example.com>', '"quoted user"', 'example.com'],
    ['<"with \\" and \\\\ and > and @"@example.com>', '"with \\" and \\\\ and > and @"', 'example.com'],
    ['<""@example.com>', '""', 'example.com'],
    ['<user@[192.0.2.1]>', 'user', '[192.0.2.1]'],
    ['<user@[IPv6:2001:db8::1]>', 'user', '[IPv6:2001:db8::1]'],
    ['<user@1.example>', 'user', '1.example'],
    ['<@relay.example:user@example.com>', 'user', 'example.com'],
    ['<@one.example,@two.example:user@example.com>', 'user', 'example.com'],
    ['<postmaster@example.com>', 'postmaster', 'example.com'],
  ])('reads %s', (text, localPart, domain) => {
    expect(parsePath(text)).toEqual({ mailbox: { localPart, domain }, text: `${localPart}@${domain}`, rest: '' });
  });

  test('gives what follows', () => {
    expect(parsePath('<a@b> SIZE=1')?.rest).toBe(' SIZE=1');
    expect(parsePath('<> SIZE=1')).toEqual({ mailbox: null, text: '', rest: ' SIZE=1' });
    expect(parsePath('<PostMaster> X')).toEqual({ mailbox: null, text: 'PostMaster', rest: ' X' });
  });

  test.each([
    '',
    'user@example.com',
    '<user@example.com',
    '<user>',
    '<user@>',
    '<@example.com>',
    '<@relay.example:>',
    '<user@exa mple.com>',
    '<us er@example.com>',
    '<.user@example.com>',
    '<user.@example.com>',
    '<us..er@example.com>',
    '<user@-example.com>',
    '<user@example-.com>',
    '<user@example..com>',
    '<user@example.com.>',
    '<user@exam_ple.com>',
    '<a@b@c>',
    '<"unclosed@example.com>',
    '<"a"b@example.com>',
    '<user@[192.0.2]>',
    '<user@[192.0.2.256]>',
    '<user@[IPv6:1:2]>',
    '<user@[IPv6:fe80::1%eth0]>',
    '<user@[X400:abc]>',
    '< user@example.com>',
    `<${'a'.repeat(246)}@example.com>`,
  ])('refuses %j', (text) => {
    expect(parsePath(text)).toBe(null);
  });

  test.each([
    '<.user@example.com>',
    '<user.@example.com>',
    '<us..er@example.com>',
    '<user@exam_ple.com>',
    '<user@-example.com.>',
    '<@relay.example:us..er@my_pc>',
  ])('takes %s, if it is to be lenient', (text) => {
    expect(parsePath(text)).toBe(null);
    expect(parsePath(text, LENIENT)?.text).toBe(text.slice(1, -1).replace(/^@.*:/, ''));
  });

  test.each([
    '<us er@example.com>',
    '<user@exa mple.com>',
    '<a@b@c>',
    '<user@>',
    '<@b>',
    '<user>',
    '<"a@b>',
    '<a\r@b>',
    '<a@b',
  ])('refuses %j also then', (text) => {
    expect(parsePath(text, LENIENT)).toBe(null);
  });

  test.each([
    ['<jürgen@example.com>', 'jürgen', 'example.com'],
    ['<"jürgen m"@bücher.example>', '"jürgen m"', 'bücher.example'],
    ['<用户@例子.广告>', '用户', '例子.广告'],
  ])('reads %s', (text, localPart, domain) => {
    expect(parsePath(text)).toEqual({ mailbox: { localPart, domain }, text: `${localPart}@${domain}`, rest: '' });
  });

  // RFC 3696 §3. Backslashes outside of quotes are in its text, and its erratum 246 takes them back.
  test.each([
    ['<"Abc\\@def"@example.com>', '"Abc\\@def"'],
    ['<"Fred Bloggs"@example.com>', '"Fred Bloggs"'],
    ['<"Joe\\\\Blow"@example.com>', '"Joe\\\\Blow"'],
    ['<"Abc@def"@example.com>', '"Abc@def"'],
    ['<user+mailbox@example.com>', 'user+mailbox'],
    ['<customer/department=shipping@example.com>', 'customer/department=shipping'],
    ['<$A12345@example.com>', '$A12345'],
    ['<!def!xyz%abc@example.com>', '!def!xyz%abc'],
    ['<_somename@example.com>', '_somename'],
  ])('reads %s of RFC 3696', (text, localPart) => {
    expect(parsePath(text)?.mailbox).toEqual({ localPart, domain: 'example.com' });
  });

  test.each(['<Abc\\@def@example.com>', '<Fred\\ Bloggs@example.com>', '<Joe.\\\\Blow@example.com>'])(
    'refuses %s, which RFC 3696 had at first',
    (text) => {
      expect(parsePath(text)).toBe(null);
    },
  );

  test('counts a path in octets', () => {
    expect(parsePath(`<${'ü'.repeat(121)}@example.com>`)).not.toBe(null);
    expect(parsePath(`<${'ü'.repeat(122)}@example.com>`)).toBe(null);
    expect(parsePath('<a@xn--ü.example>')).toBe(null);
  });

  test('takes a path of 256 octets with its brackets', () => {
    const path = `<${'a'.repeat(242)}@example.com>`;
    expect(path).toHaveLength(256);
    expect(parsePath(path)).not.toBe(null);
  });

  test('never throws, and what it takes it took whole', () => {
    const text = fc.array(
      fc.constantFrom('<', '>', '@', ':', ',', '.', '"', '\\', '[', ']', 'a', 'IPv6:', '::1', ' ', '-'),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const path = parsePath(parts.join(''));
        if (path !== null) expect(parts.join('').endsWith(`${path.text}>${path.rest}`)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  test('is linear in hostile input', () => {
    const start = performance.now();
    for (const part of ['a.', '\\"', 'a-', '@a,', '@a:', '"', '-']) parsePath(`<${part.repeat(100_000)}`);
    for (const part of ['a-', 'a.', '-', 'ü.']) {
      parsePath(`<a@${part.repeat(100_000)}`);
      parsePath(`<a@${part.repeat(100_000)}`, LENIENT);
    }
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

test('isAddressLiteral', () => {
  expect(isAddressLiteral('[127.0.0.1]')).toBe(true);
  expect(isAddressLiteral('[ipv6:::1]')).toBe(true);
  expect(isAddressLiteral('[::1]')).toBe(false);
  expect(isAddressLiteral('127.0.0.1')).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { parseAddresses } from './addresses.ts';
import { countOctets } from './testing/count-octets.ts';

/** Name, route, mailbox, host; `;` for the end of a group. */
function parse(value: string, max = 1_000) {
  return parseAddresses(value, max).map(({ name, route, mailbox, host }) =>
    mailbox === null ? ';' : [name, route, mailbox, host],
  );
}

describe('RFC 5322 §3.4 and appendix A', () => {
  test.each([
    ['jdoe@one.test', [[null, null, 'jdoe', 'one.test']]],
    ['John Doe <jdoe@machine.example>', [['John Doe', null, 'jdoe', 'machine.example']]],
    ['"Joe Q. Public" <john.q.public@example.com>', [['Joe Q. Public', null, 'john.q.public', 'example.com']]],
    [
      'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
      [
        ['Mary Smith', null, 'mary', 'x.test'],
        [null, null, 'jdoe', 'example.org'],
        ['Who?', null, 'one', 'y.test'],
      ],
    ],
    [
      '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
      [
        [null, null, 'boss', 'nil.test'],
        ['Giant; "Big" Box', null, 'sysservices', 'example.net'],
      ],
    ],
    [
      'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
      [
        [null, null, 'A Group', null],
        ['Ed Jones', null, 'c', 'a.test'],
        [null, null, 'joe', 'where.test'],
        ['John', null, 'jdoe', 'one.test'],
        ';',
      ],
    ],
    ['Undisclosed recipients:;', [[null, null, 'Undisclosed recipients', null], ';']],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', [['Pete', null, 'pete', 'silly.test']]],
    [
      "A Group(Some people)\t:Chris Jones <c@(Chris's host.)public.example>,\t joe@example.org;",
      [
        [null, null, 'A Group', null],
        ['Chris Jones', null, 'c', 'public.example'],
        [null, null, 'joe', 'example.org'],
        ';',
      ],
    ],
    ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', [[null, null, 'Hidden recipients', null], ';']],
    ['Joe Q. Public <john.q.public@example.com>', [['Joe Q. Public', null, 'john.q.public', 'example.com']]],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
      [
        ['Mary Smith', '@node.test', 'mary', 'example.net'],
        [null, null, 'jdoe', 'test.example'],
      ],
    ],
    ['<@one.test,@two.test: a@b>', [[null, '@one.test,@two.test', 'a', 'b']]],
    ['john . doe @ example . com', [[null, null, 'john.doe', 'example.com']]],
    ['user@[192.0.2.1]', [[null, null, 'user', '[192.0.2.1]']]],
  ])('%s', (value, addresses) => {
    expect(parse(value)).toEqual(addresses);
  });
});

describe('what real mail has', () => {
  test.each([
    ['', []],
    [' ( only a comment ) ', []],
    ['user@host.test (Full Name)', [['Full Name', null, 'user', 'host.test']]],
    ['<user@host.test> (Full Name)', [['Full Name', null, 'user', 'host.test']]],
    ['root', [[null, null, 'root', 'MISSING_DOMAIN']]],
    ['root (Charlie)', [['Charlie', null, 'root', 'MISSING_DOMAIN']]],
    ['john.doe', [[null, null, 'john.doe', 'MISSING_DOMAIN']]],
    ['Mary Smith', [['Mary Smith', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['Mary Smith (at home)', [['Mary Smith', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['"Mary"', [['Mary', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['=?utf-8?Q?J=C3=B6rg?=', [['=?utf-8?Q?J=C3=B6rg?=', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['""', [[null, null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    [
      '"Mary" <m@x>, root, Joe Q. Public',
      [
        ['Mary', null, 'm', 'x'],
        [null, null, 'root', 'MISSING_DOMAIN'],
        ['Joe Q. Public', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN'],
      ],
    ],
    [
      'group: Mary Smith;',
      [[null, null, 'group', null], ['Mary Smith', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN'], ';'],
    ],
    ['a@b c@d', [[null, null, 'a', 'b']]],
    ['undisclosed-recipients:', [[null, null, 'undisclosed-recipients', null], ';']],
    ['@host.test', [[null, null, 'MISSING_MAILBOX', 'host.test']]],
    ['<>', [[null, null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['Name <>', [['Name', null, 'MISSING_MAILBOX', 'MISSING_DOMAIN']]],
    ['"" <a@b>', [[null, null, 'a', 'b']]],
    ['Full Name user@host', [['Full Name', null, 'user', 'host']]],
    ['a@b <c@d>', [['a@b', null, 'c', 'd']]],
    [
      '<a@b> <c@d>',
      [
        [null, null, 'a', 'b'],
        [null, null, 'c', 'd'],
      ],
    ],
    [
      'a@b; c@d',
      [
        [null, null, 'a', 'b'],
        [null, null, 'c', 'd'],
      ],
    ],
    ['"john.doe"@host', [[null, null, 'john.doe', 'host']]],
    ['"john doe"@host', [[null, null, 'john doe', 'host']]],
    ['"a"."b"@host', [[null, null, 'a.b', 'host']]],
    ['J\xc3\xb6rg <j@\xc3\xbc.test>', [['J\xc3\xb6rg', null, 'j', '\xc3\xbc.test']]],
    ['=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_X?= <j@x>', [['=?utf-8?Q?J=C3=B6rg?= =?utf-8?Q?_X?=', null, 'j', 'x']]],
    ['group: a@b', [[null, null, 'group', null], [null, null, 'a', 'b'], ';']],
    [
      'one: a@b, two: c@d;',
      [[null, null, 'one', null], [null, null, 'a', 'b'], ';', [null, null, 'two', null], [null, null, 'c', 'd'], ';'],
    ],
    ['__proto__@constructor', [[null, null, '__proto__', 'constructor']]],
  ])('%s', (value, addresses) => {
    expect(parse(value)).toEqual(addresses);
  });
});

describe('hostile lists', () => {
  test('hardening 36: the host is the one of the grammar, whatever the local part looks like', () => {
    expect(parse('"a@evil x"@local')).toEqual([[null, null, 'a@evil x', 'local']]);
    expect(parse('"<a@evil>" <b@local>')).toEqual([['<a@evil>', null, 'b', 'local']]);
    expect(parse('a@b@c')).toEqual([[null, null, 'a', 'b']]);
  });

  test.each([
    '(',
    '(\\',
    '"',
    '"\\',
    '<',
    '<@',
    '<@a',
    '<a@',
    'a@',
    'a@[',
    'a@[b',
    ':',
    ';',
    'g:',
    '>',
    ')',
    '\\',
    '\0',
  ])('hardening 36: unterminated or stray %j reads no further than the value', (value) => {
    expect(() => parse(value)).not.toThrow();
    expect(() => parse(`x@y, ${value}`)).not.toThrow();
    expect(parse(`x@y, ${value}`)[0]).toEqual([null, null, 'x', 'y']);
  });

  test('hardening 28: entries are capped, and a group still ends', () => {
    expect(parse('a@b,'.repeat(100), 10)).toHaveLength(10);
    expect(parse(`g: ${'a@b,'.repeat(100)};`, 10)).toHaveLength(11);
    expect(parse(`g: ${'a@b,'.repeat(100)};`, 10).at(-1)).toBe(';');
  });

  test('the count of octets counts', () => {
    expect(countOctets(() => parseAddresses('a@b,'.repeat(1_000), 10_000))).toBeGreaterThan(4_000);
  });

  test.each([
    'a@b,',
    'g:',
    '(',
    '<',
    '<@',
    '"',
    '"\\',
    'a. ',
    'a .',
    '@',
    '@[',
    ',',
    ';',
    'x ',
    '<a@b>',
    '()',
    '"" ',
    'a@b <',
    '>',
    '\\',
    '<@a,',
  ])('hardening 34: %j repeated takes linear work', (piece) => {
    const work = (times: number) => countOctets(() => parseAddresses(piece.repeat(times), 10_000));
    expect(work(2_000)).toBeLessThan(work(1_000) * 2.2 + 100);
    expect(work(2_000)).toBeLessThan(piece.length * 2_000 * 20 + 1_000);
  });
});

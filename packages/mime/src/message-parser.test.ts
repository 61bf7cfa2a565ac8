import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { body, bodyStructure } from './body-structure.ts';
import { envelope } from './envelope.ts';
import { findSection } from './find-section.ts';
import { limits } from './limits.ts';
import { MessageParser, parseMessage } from './message-parser.ts';
import type { MessageStructure, PartRange } from './part.ts';
import { decodePartIndex, encodePartIndex } from './part-index.ts';
import { countOctets } from './testing/count-octets.ts';
import { build, trees } from './testing/generated-message.ts';
import { isBody, isEnvelope, readWire } from './testing/read-wire.ts';

function parseInChunks(octets: Buffer, cuts: readonly number[]): MessageStructure {
  const parser = new MessageParser();
  let from = 0;
  for (const cut of [...cuts, octets.length]) {
    const chunk = Buffer.from(octets.subarray(from, cut));
    parser.push(chunk);
    chunk.fill('-'); // the parser must not look at a chunk again
    from = Math.max(from, cut);
  }
  return parser.end();
}

/** The bodies of all leaves, in order. */
function leaves(message: string): string[] {
  const octets = Buffer.from(message, 'latin1');
  const found: string[] = [];
  const visit = (part: PartRange) => {
    if (part.children.length === 0) found.push(octets.toString('latin1', part.bodyStart, part.end));
    part.children.forEach(visit);
  };
  visit(parseMessage(octets).root);
  return found;
}

/** All that must hold whatever the octets: output that reads back, and ranges in order inside one another. */
function check(octets: Buffer): void {
  const structure = parseMessage(octets);
  expect(structure.sizeOctets).toBe(octets.length);
  expect(structure.root.end).toBe(octets.length);
  expect(structure.headerOctets).toBe(structure.root.bodyStart);
  expect(isEnvelope(readWire(envelope(structure)))).toBe(true);
  expect(isBody(readWire(bodyStructure(structure.root)), true)).toBe(true);
  expect(isBody(readWire(body(structure.root)), false)).toBe(true);
  decodePartIndex(encodePartIndex(structure)); // throws unless ranges are in order and nested
  const pending = [structure.root];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const inBody = octets.subarray(part.bodyStart, part.end);
    expect(part.sizeOctets).toBe(inBody.length);
    expect(part.lines).toBe(inBody.filter((octet) => octet === 0x0a).length);
    pending.push(...part.children);
  }
}

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';

describe('delimiters (RFC 2046 §5.1.1)', () => {
  test.each([
    [
      'the line end before one belongs to it',
      `${mixed}--b\r\n\r\none\r\n\r\n--b\r\n\r\ntwo\r\n--b--\r\n`,
      ['one\r\n', 'two'],
    ],
    [
      'preamble and epilogue are no parts',
      `${mixed}pre\r\n--b\r\n\r\none\r\n--b--\r\nepi\r\n--b\r\n\r\nx\r\n`,
      ['one'],
    ],
    ['bare LF', 'Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\n\ntwo\n--b--\n', ['one', 'two']],
    ['padding', `${mixed}--b \t\r\n\r\none\r\n--b  \r\n\r\ntwo\r\n--b-- \t`, ['one', 'two']],
    ['no close delimiter', `${mixed}--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n`, ['one', 'two\r\n']],
    ['no line end after the last', `${mixed}--b\r\n\r\none\r\n--b--`, ['one']],
    [
      'lines that only begin like one',
      `${mixed}--b\r\n\r\n--bb\r\n--b-\r\n--b-x\r\n--b --\r\n --b\r\n-b\r\n--\r\n--B\r\n--b--`,
      ['--bb\r\n--b-\r\n--b-x\r\n--b --\r\n --b\r\n-b\r\n--\r\n--B'],
    ],
    ['empty part', `${mixed}--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b--`, ['', '', '']],
    ['a part that is only a header', `${mixed}--b\r\nContent-Type: a/b\r\n--b\r\nContent-ID: x\r\n\r\n--b--`, ['', '']],
    ['no part at all', `${mixed}--b--\r\n`, ['']],
    [
      'boundary in quotes, with spaces',
      'Content-Type: multipart/mixed; boundary="a b "\n\n--a b\n\none\n--a b--',
      ['one'],
    ],
    [
      'boundary that ends in hyphens',
      'Content-Type: multipart/mixed; boundary=b--\n\n--b--\n\none\n--b----\n--b--\n',
      ['one'],
    ],
    ['CR alone ends no line', `${mixed}--b\r\n\r\none\r--b\r\r\n--b--`, ['one\r--b\r']],
  ])('%s', (_, message, parts) => {
    expect(leaves(message)).toEqual(parts);
    check(Buffer.from(message));
  });

  const nested = (outer: string, inner: string, rest: string) =>
    `Content-Type: multipart/mixed; boundary="${outer}"\n\n--${outer}\nContent-Type: multipart/mixed; boundary="${inner}"\n\n${rest}`;

  test.each([
    ["a parent's ends all inside it", nested('a', 'b', '--b\n\none\n--a\n\ntwo\n--b\n--a--\n'), ['one', 'two\n--b']],
    ["a parent's ends a header", nested('a', 'b', '--b\nSubject: x\n--a\n\ntwo\n--a--\n'), ['', 'two']],
    [
      "the inner boundary begins like the parent's",
      nested('a', 'ab', '--ab\n\none\n--ab--\n--a\n\ntwo\n--a--\n'),
      ['one', 'two'],
    ],
    [
      "the parent's boundary begins like the inner",
      nested('ab', 'a', '--a\n\none\n--a--\n--ab\n\ntwo\n--ab--\n'),
      ['one', 'two'],
    ],
    [
      "the inner is the parent's close delimiter",
      nested('a', 'a--', '--a--\n\none\n--a----\n--a\n\ntwo\n--a--\n'),
      ['one', 'two'],
    ],
    ['both are the same', nested('a', 'a', '--a\n\none\n--a--\n--a\n\ntwo\n--a--\n'), ['one', 'two']],
  ])('%s', (_, message, parts) => {
    expect(leaves(message)).toEqual(parts);
    check(Buffer.from(message));
  });
});

test('the blank line before a delimiter stays in the header', () => {
  const octets = Buffer.from(`${mixed}--b\r\nContent-ID: x\r\n\r\n--b--`);
  const part = parseMessage(octets).root.children[0];
  expect(octets.toString('latin1', part?.headerStart, part?.bodyStart)).toBe('Content-ID: x\r\n\r\n');
});

test('the description of a part', () => {
  const message =
    'Content-Type: Text/HTML; charset=utf-8\nContent-Type: a/b\nContent-Transfer-Encoding: BASE64\nContent-ID: <i>\nContent-Description: d\n\n';
  expect(parseMessage(Buffer.from(message)).root).toMatchObject({
    kind: 'leaf',
    type: 'Text',
    subtype: 'HTML',
    parameters: [{ name: 'charset', value: 'utf-8' }],
    encoding: 'BASE64',
    id: '<i>',
    description: 'd',
    md5: null,
    disposition: null,
    message: null,
  });
});

const samples = [
  '',
  'Subject: x',
  'Subject: x\r\n\r\nbody\r\n',
  'no colon\r\n\r\n',
  '\r\n\r\n',
  '\0\0\0',
  `Subject: a\r\n b\r\n${mixed}pre\r\n--b \r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b\r\n${mixed.replace('=b', '=bc')}--bc\r\n\r\none\r\n--bc--\r\n--b\r\n--b--\r\nepi\r\n`,
  `${mixed.replaceAll('\r\n', '\n')}--b\n\n--b-\n\n--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n\nSubject: y\n\n--c\n--b--`,
];

describe('chunks', () => {
  test.each(samples)('cut at every octet: %j', (sample) => {
    const octets = Buffer.from(sample);
    const whole = parseMessage(octets);
    const everyOctet = Array.from(octets, (_, index) => index);
    expect(parseInChunks(octets, everyOctet)).toEqual(whole);
    for (const cut of everyOctet) expect(parseInChunks(octets, [cut])).toEqual(whole);
    check(octets);
  });

  test('any cuts of any message', () => {
    fc.assert(
      fc.property(trees, fc.constantFrom('\r\n', '\n'), fc.array(fc.nat(2_000)), (tree, lineEnd, cuts) => {
        const { octets } = build(tree, lineEnd);
        const sorted = cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b);
        expect(parseInChunks(octets, sorted)).toEqual(parseMessage(octets));
      }),
    );
  });

  test('a line longer than any delimiter, cut anywhere, is none', () => {
    const padded = (octets: number) => `${mixed}--b\r\n\r\none\r\n--b--${' '.repeat(octets - 7)}\r\nx`;
    for (const [octets, parts] of [
      [limits.delimiterLineOctets, ['one']],
      [limits.delimiterLineOctets + 1, [`one\r\n--b--${' '.repeat(limits.delimiterLineOctets - 6)}\r\nx`]],
    ] as const) {
      const message = padded(octets);
      expect(leaves(message)).toEqual(parts);
      const whole = parseMessage(Buffer.from(message));
      for (const cut of [60, 61, 100, 2_000]) expect(parseInChunks(Buffer.from(message), [cut])).toEqual(whole);
    }
  });
});

describe('any message', () => {
  test('bodies come back octet for octet under their part numbers', () => {
    fc.assert(
      fc.property(trees, fc.constantFrom('\r\n', '\n'), (tree, lineEnd) => {
        const { octets, bodies } = build(tree, lineEnd);
        const index = decodePartIndex(encodePartIndex(parseMessage(octets)));
        for (const [name, expected] of bodies) {
          const range = findSection(index, { path: name.split('.').map(Number), text: null });
          expect(range && octets.subarray(range.start, range.end)).toEqual(expected);
        }
        check(octets);
      }),
    );
  });

  test('arbitrary octets', () => {
    fc.assert(fc.property(fc.uint8Array(), (octets) => check(Buffer.from(octets))));
  });

  test('arbitrary lines that mean something', () => {
    const line = fc.constantFrom(
      ...[
        '--b',
        '--b--',
        '--c',
        '--c--',
        '--',
        '',
        '',
        ' folded',
        'Content-Type: message/rfc822',
        'From: a@b, (c',
        'To: g:;',
      ],
      ...[
        'Content-Type: multipart/mixed; boundary=b',
        'Content-Type: multipart/digest; boundary="c"',
        'Content-Type: text/html',
      ],
      ...[
        'Content-Transfer-Encoding: base64',
        'Content-Disposition: a; b*0=c; b*1*=%20',
        'Content-Language: a, b',
        'Subject: \xff\0"\\',
      ],
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.constantFrom('\r\n', '\n'), (lines, lineEnd) => {
        const octets = Buffer.from(lines.join(lineEnd), 'latin1');
        check(octets);
        expect(
          parseInChunks(
            octets,
            Array.from(octets, (_, index) => index),
          ),
        ).toEqual(parseMessage(octets));
      }),
      { numRuns: 500 },
    );
  });
});

describe('hostile messages', () => {
  /** Their hash is their value in V8, and they are a power of two apart: they would meet in one bucket. */
  const numbers = Array.from({ length: 100_000 }, (_, i) => i * 2 ** 15);
  test.each([
    ['hardening 29: a header of 50 MB', `X: ${'y'.repeat(50_000_000)}`],
    ['hardening 29: a header of NUL', '\0'.repeat(1_000_000)],
    [
      'hardening 29: 10,000 folds',
      `Content-Type: multipart/mixed;${'\r\n '.repeat(10_000)}boundary=b\r\n\r\n--b\r\n\r\n--b--`,
    ],
    ['hardening 36: comments without end', `Content-Type: ${'('.repeat(100_000)}\n\n`],
    ['hardening 29: nothing', ''],
    ['hardening 29: no colon', 'no colon\r\n'.repeat(10_000)],
    ['hardening 29: no blank line', 'Subject: x'],
    ['hardening 36: a comment that ends in a backslash', 'Content-Type: text/plain; (a\\\nFrom: (\\\n\n'],
    [
      'a boundary longer than we look for',
      `Content-Type: multipart/mixed; boundary=${'b'.repeat(5_000)}\n\n--${'b'.repeat(5_000)}\n\nx`,
    ],
    ['an empty boundary', 'Content-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n'],
    [
      'hardening 33: 100,000 fields and parameters whose names are numbers',
      `Content-Type: a/b${numbers.map((n) => `; ${n}=x`).join('')}\n${numbers.map((n) => `${n}: x\n`).join('')}\n`,
    ],
    [
      'hardening 32: names of Object.prototype',
      '__proto__: x\nconstructor: y\nContent-Type: a/b; __proto__=1; toString=2; hasOwnProperty*0=3\n\n',
    ],
  ])('%s', (_, message) => {
    check(Buffer.from(message, 'latin1'));
  });

  test.each([
    ['empty lines', '\n'],
    ['lines like delimiters', '--\n'],
    ['lines almost delimiters', '--bb--\n'],
    ['parts', '--b\n'],
    ['parts with headers', '--b\nContent-Type: text/plain; x=y\n\n'],
    ['nested multiparts', '--b\nContent-Type: multipart/mixed; boundary=b\n\n'],
    ['embedded messages', '--b\nContent-Type: message/rfc822\n\n'],
    ['no lines', 'x'],
    ['CR', '\r'],
  ])('hardening 30: %s repeated take linear work, whole and octet by octet', (_, piece) => {
    const message = (times: number) => Buffer.from(`${mixed}--b\n\n${piece.repeat(times)}`);
    const whole = (times: number) => countOctets(() => parseMessage(message(times)));
    expect(whole(2_000)).toBeLessThan(whole(1_000) * 2.2 + 5_000);
    const chunked = (times: number) => {
      const octets = message(times);
      return countOctets(() => {
        const parser = new MessageParser();
        for (let i = 0; i < octets.length; i++) parser.push(octets.subarray(i, i + 1));
        parser.end();
      });
    };
    expect(chunked(400)).toBeLessThan(chunked(200) * 2.2 + 10_000);
  });

  test('a header octet by octet is copied a bounded number of times', () => {
    const octets = Buffer.from(`Subject: x\n${' y\n'.repeat(3_000)}\n`);
    const work = countOctets(() => {
      const parser = new MessageParser();
      for (let i = 0; i < octets.length; i++) parser.push(octets.subarray(i, i + 1));
      parser.end();
    });
    expect(work).toBeLessThan(octets.length * 20);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseWriter } from './response-writer.ts';
import { type Section, writeSection } from './section.ts';
import { parseSequenceSet } from './sequence-set.ts';
import { argumentsOf } from './testing/read-all.ts';

function written(write: (writer: ResponseWriter) => unknown): string {
  const writer = new ResponseWriter();
  write(writer);
  const { length } = writer;
  const octets = Buffer.concat(writer.take());
  expect(octets.length).toBe(length);
  expect(writer.length).toBe(0);
  return octets.toString('latin1');
}

describe('elements', () => {
  test.each<[string, (writer: ResponseWriter) => unknown]>([
    [
      '* 1 FETCH (UID 7 FLAGS (\\Seen))\r\n',
      (w) => w.text('* ').number(1).text(' FETCH (UID ').number(7).octets(Buffer.from(' FLAGS (\\Seen))\r\n')),
    ],
    ['+ OK\r\n', (w) => w.text('+').sp().text('OK').crlf()],
    ['""', (w) => w.string('')],
    ['"a \\"b\\" \\\\"', (w) => w.string('a "b" \\')],
    ['{5}\r\ncaf\xc3\xa9', (w) => w.string('café')],
    ['{4}\r\ncaf\xe9', (w) => w.string(Buffer.from('café', 'latin1'))],
    ['{3}\r\na\nb', (w) => w.string('a\nb')],
    ['{3}\r\na\rb', (w) => w.string('a\rb')],
    ['"a\tb"', (w) => w.string('a\tb')],
    [`"${'x'.repeat(1000)}"`, (w) => w.string('x'.repeat(1000))],
    [`{1001}\r\n${'x'.repeat(1001)}`, (w) => w.string('x'.repeat(1001))],
    ['NIL', (w) => w.nstring(null)],
    ['"NIL"', (w) => w.nstring('NIL')],
    ['INBOX', (w) => w.astring('INBOX')],
    ['a]', (w) => w.astring('a]')],
    ['"NIL"', (w) => w.astring('NIL')],
    ['""', (w) => w.astring('')],
    ['"a b"', (w) => w.astring('a b')],
    ['"a%"', (w) => w.astring('a%')],
    ['Entw&APw-rfe', (w) => w.mailboxName('Entwürfe', false)],
    ['"Entw\xc3\xbcrfe"', (w) => w.mailboxName('Entwürfe', true)],
    ['R&-D', (w) => w.mailboxName('R&D', false)],
    ['R&D', (w) => w.mailboxName('R&D', true)],
    ['"a b&-"', (w) => w.mailboxName('a b&', false)],
    ['"\xc3\xbc\\"\\\\"', (w) => w.mailboxName('ü"\\', true)],
    ['{4}\r\n\xc3\xbc\r\n', (w) => w.mailboxName('ü\r\n', true)],
    ['{12}\r\n', (w) => w.literalHeader(12)],
    ['~{12}\r\n', (w) => w.literal8Header(12)],
    ['{3}\r\nabc', (w) => w.literal(Buffer.from('abc'))],
    ['()', (w) => w.flagList([])],
    ['(\\Seen $Junk)', (w) => w.flagList(['\\Seen', '$Junk'])],
    ['1:3,7,4294967295', (w) => w.uidSet(Uint32Array.of(1, 2, 3, 7, 4294967295))],
    [
      '1:3,7,9:4294967295',
      (w) =>
        w.uidRanges([
          { first: 1, last: 3 },
          { first: 7, last: 7 },
          { first: 9, last: 4294967295 },
        ]),
    ],
    ['a??b ?', (w) => w.humanText('a\r\nb é')],
    ['?', (w) => w.humanText('\u010a')],
  ])('%j', (octets, write) => {
    expect(written(write)).toBe(octets);
  });

  test.each([
    0,
    9,
    10,
    99,
    100,
    2147483647,
    2147483648,
    4294967295,
    4294967296,
    99999999999,
    1e15,
    Number.MAX_SAFE_INTEGER,
  ])('number %i', (number) => {
    expect(written((writer) => writer.number(number))).toBe(String(number));
  });

  test.each<[string, Section]>([
    ['[]', { type: 'body', part: [] }],
    ['[1.2]', { type: 'body', part: [1, 2] }],
    ['[HEADER]', { type: 'header', part: [] }],
    ['[3.TEXT]', { type: 'text', part: [3] }],
    ['[3.MIME]', { type: 'mime', part: [3] }],
    ['[HEADER.FIELDS (From "X(")]', { type: 'header-fields', part: [], not: false, names: ['From', 'X('] }],
    ['[1.HEADER.FIELDS.NOT (a)]', { type: 'header-fields', part: [1], not: true, names: ['a'] }],
  ])('section %s', async (text, section) => {
    expect(written((writer) => writeSection(writer, section))).toBe(text);
    expect((await argumentsOf(text)).section()).toEqual(section);
  });
});

describe('buffers', () => {
  test('a large Buffer is passed on by reference, in its place', () => {
    const writer = new ResponseWriter();
    const body = Buffer.alloc(100_000, 'x');
    writer.text('* 1 FETCH (BODY[] ').literal(body).text(')\r\n');
    const pieces = writer.take();
    expect(pieces).toHaveLength(3);
    expect(pieces[1]).toBe(body);
    expect(pieces[0]?.toString()).toBe('* 1 FETCH (BODY[] {100000}\r\n');
    expect(pieces[2]?.toString()).toBe(')\r\n');
  });

  test('what was taken is not written over', () => {
    const writer = new ResponseWriter();
    const other = new ResponseWriter();
    const first = writer.text('first').take();
    other.text('other');
    const second = writer.text('second').octets(Buffer.alloc(20_000, 'b')).text('third').take();
    writer.text('fourth');
    expect(Buffer.concat(first).toString()).toBe('first');
    expect(Buffer.concat(second).toString()).toBe(`second${'b'.repeat(20_000)}third`);
    expect(Buffer.concat(other.take()).toString()).toBe('other');
    expect(Buffer.concat(writer.take()).toString()).toBe('fourth');
    expect(writer.take()).toEqual([]);
  });

  test('10,000 FETCH lines come in few pieces', () => {
    const writer = new ResponseWriter();
    let expected = '';
    for (let n = 1; n <= 10_000; n += 1) {
      writer.text('* ').number(n).text(' FETCH (FLAGS (\\Seen))\r\n');
      expected += `* ${n} FETCH (FLAGS (\\Seen))\r\n`;
    }
    const pieces = writer.take();
    expect(Buffer.concat(pieces).toString()).toBe(expected);
    expect(pieces.length).toBeLessThanOrEqual(Math.ceil(expected.length / 16_000));
  });

  test('writes of all sizes come out as written, whatever is taken between', () => {
    const step = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 }),
      fc.nat(20_000).map((size) => 'x'.repeat(size)),
      fc.maxSafeNat(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const writer = new ResponseWriter();
        const taken: Buffer[] = [];
        let expected = '';
        for (const [index, value] of steps.entries()) {
          if (value === null) taken.push(...writer.take());
          else if (typeof value === 'number') writer.number(value);
          else if (index % 3 === 0) writer.fill(value.length + 9, (chunk, at) => at + chunk.write(value, at, 'latin1'));
          else if (index % 3 === 1) writer.text(value);
          else writer.octets(Buffer.from(value));
          expected += value ?? '';
        }
        taken.push(...writer.take());
        expect(Buffer.concat(taken).toString()).toBe(expected);
      }),
    );
  });
});

describe('what is written can be read', () => {
  const octets = fc.uint8Array({ min: 1 }).map((some) => Buffer.from(some));

  /** Server literals have no `+`; the reader takes them as synchronizing ones. */
  async function readBack(write: (writer: ResponseWriter) => unknown, utf8 = false) {
    return argumentsOf(Buffer.from(written(write), 'latin1'), { utf8 });
  }

  test('strings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          octets,
          fc.string().map((text) => Buffer.from(text.replaceAll('\0', ''))),
        ),
        async (value) => {
          for (const write of [
            (w: ResponseWriter) => w.astring(value),
            (w: ResponseWriter) => w.string(value),
            (w: ResponseWriter) => w.nstring(value),
          ]) {
            const args = await readBack(write);
            expect(args.astringOctets()).toEqual(value);
            args.end();
          }
        },
      ),
    );
  });

  test('mailbox names', async () => {
    const name = fc
      .string({ unit: 'grapheme' })
      .filter((some) => !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(some) && some.toUpperCase() !== 'INBOX');
    await fc.assert(
      fc.asyncProperty(name, fc.boolean(), async (some, utf8) => {
        const args = await readBack((writer) => writer.mailboxName(some, utf8), utf8);
        expect(args.mailbox()).toBe(some);
        args.end();
      }),
    );
  });

  test('sets', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
        const ascending = numbers.toSorted((a, b) => a - b);
        const set = parseSequenceSet(Buffer.from(written((writer) => writer.uidSet(ascending))));
        const back = set.explicit.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index),
        );
        expect(back).toEqual(ascending);
      }),
    );
  });
});

test('the last octets written are those that come out last, wherever they lie; parts of buffers are copied', () => {
  const write = fc.oneof(fc.nat(40), fc.nat(3_000), fc.nat(40_000));
  fc.assert(
    fc.property(fc.array(write, { minLength: 1, maxLength: 30 }), fc.nat(), (lengths, seed) => {
      const writer = new ResponseWriter();
      const source = Buffer.from(Array.from({ length: 41_000 }, (_, i) => (i * 31 + seed) % 251));
      lengths.forEach((length, i) => {
        if (i % 2 === 0) writer.octetsFrom(source, i, i + length);
        else writer.octets(source.subarray(i, i + length));
      });
      const last = writer.last(seed % (writer.length + 1));
      const all = Buffer.concat(writer.take());
      expect(last.equals(all.subarray(all.length - last.length))).toBe(true);
      expect(last.length).toBe(seed % (all.length + 1));
    }),
    { numRuns: 50 },
  );
  const writer = new ResponseWriter();
  const source = Buffer.from('before');
  writer.octetsFrom(source, 1, 3);
  source.fill('x');
  expect(Buffer.concat(writer.take()).toString()).toBe('ef');
});

test('what was written and not taken ends a line, or does not', () => {
  const out = new ResponseWriter();
  expect(out.isWithinLine).toBe(false);
  expect(out.text('* OK').isWithinLine).toBe(true);
  expect(out.text('\r').isWithinLine).toBe(true);
  expect(out.text('\n').isWithinLine).toBe(false);
  expect(out.text('+').isWithinLine).toBe(true);
  out.take();
  expect(out.isWithinLine).toBe(false);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DataFault, DataReader } from './data-reader.ts';
import { TEXT_LINE_OCTETS } from './limits.ts';

interface Read {
  readonly content: string;
  readonly fault: DataFault | null;
  /** What followed the end; null if it was not reached. */
  readonly rest: string | null;
}

/** Reads data that comes cut at these places. */
function read(text: string, cuts: readonly number[] = []): Read {
  const octets = Buffer.from(text, 'latin1');
  const reader = new DataReader();
  const pieces: Buffer[] = [];
  const ends = [...cuts, octets.length];
  for (let i = 0, start = 0; i < ends.length; i++) {
    const end = ends[i] ?? octets.length;
    // A copy: what the reader gave out must not depend on neighbours of the chunk.
    const { content, consumedOctets } = reader.push(Buffer.from(octets.subarray(start, end)));
    pieces.push(content);
    if (reader.isAtEnd) {
      const rest = octets.subarray(start + consumedOctets).toString('latin1');
      return { content: Buffer.concat(pieces).toString('latin1'), fault: reader.fault, rest };
    }
    start = end;
  }
  return { content: Buffer.concat(pieces).toString('latin1'), fault: reader.fault, rest: null };
}

const wholeMessages: readonly [string, string, Omit<Read, 'fault'>][] = [
  ['an empty message', '.\r\n', { content: '', rest: '' }],
  ['one line', 'a\r\n.\r\n', { content: 'a\r\n', rest: '' }],
  ['an empty line', '\r\n.\r\n', { content: '\r\n', rest: '' }],
  ['commands behind it', 'a\r\n.\r\nMAIL FROM:<>\r\n', { content: 'a\r\n', rest: 'MAIL FROM:<>\r\n' }],
  ['a dot that is content', '..\r\n.\r\n', { content: '.\r\n', rest: '' }],
  ['two dots that are content', '...\r\n.\r\n', { content: '..\r\n', rest: '' }],
  ['a dot before text', '..a\r\n..b\r\n.\r\n', { content: '.a\r\n.b\r\n', rest: '' }],
  ['a lone dot before text, which goes all the same', '.a\r\n.\r\n', { content: 'a\r\n', rest: '' }],
  ['dots within a line', 'a.\r\nb.c\r\n.\r\n', { content: 'a.\r\nb.c\r\n', rest: '' }],
  ['a stuffed dot in a first line of its own', '..\r\n..\r\n.\r\n.\r\n', { content: '.\r\n.\r\n', rest: '.\r\n' }],
  ['8-bit text', '\xe4\xff\r\n.\r\n', { content: '\xe4\xff\r\n', rest: '' }],
  ['controls other than NUL', '\x01\t\x0b\x0c\x7f\r\n.\r\n', { content: '\x01\t\x0b\x0c\x7f\r\n', rest: '' }],
];

const faultyMessages: readonly [string, DataFault, string | null][] = [
  ['a\nb\r\n.\r\n', 'bare-lf', ''],
  ['a\rb\r\n.\r\n', 'bare-cr', ''],
  ['a\0b\r\n.\r\n', 'nul', ''],
  ['\r\r\n.\r\n', 'bare-cr', ''],
  ['\n\r\n.\r\n', 'bare-lf', ''],
  // Ends that other servers took for one: none of them is.
  ['a\n.\n', 'bare-lf', null],
  ['a\n.\r\n', 'bare-lf', null],
  ['a\r\n.\n', 'bare-lf', null],
  ['a\r.\r', 'bare-cr', null],
  ['a\r\n.\r', null as never, null],
  ['a\r\n.\r\r\n', 'bare-cr', null],
  ['a\r\n\0.\r\n', 'nul', null],
  ['a\r\n.\0\r\n', 'nul', null],
  ['a\r.\r\n', 'bare-cr', null],
  ['a\r\n.\rb\r\n.\r\nQUIT', 'bare-cr', 'QUIT'],
  ['a\n.\nMAIL FROM:<b@c>\r\n.\r\nQUIT', 'bare-lf', 'QUIT'],
];

describe('DataReader', () => {
  test.each(wholeMessages)('reads %s, wherever packets are cut', (_, text, expected) => {
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        expect(read(text, [first, second]), `cut at ${first} and ${second}`).toEqual({ ...expected, fault: null });
      }
    }
  });

  test.each(faultyMessages)('finds the fault of %j, and the real end', (text, fault, rest) => {
    for (let cut = 0; cut <= text.length; cut++) {
      expect(read(text, [cut]), `cut at ${cut}`).toMatchObject({ fault, rest });
    }
  });

  test('takes a line up to the limit and no more', () => {
    const longest = 'x'.repeat(TEXT_LINE_OCTETS);
    for (const cut of [0, 1, 998, TEXT_LINE_OCTETS, TEXT_LINE_OCTETS + 1]) {
      expect(read(`${longest}\r\n.\r\n`, [cut]).fault).toBe(null);
      expect(read(`${longest}x\r\n.\r\n`, [cut]).fault).toBe('line-too-long');
      expect(read(`a\r\n${longest}x`, [cut]).fault).toBe(null);
      expect(read(`a\r\n${longest}xx`, [cut]).fault).toBe('line-too-long');
    }
  });

  test('does not count pipelined commands as a line of the message', () => {
    expect(read(`a\r\n.\r\n${'x'.repeat(2 * TEXT_LINE_OCTETS)}`).fault).toBe(null);
  });

  const hostile = fc
    .array(fc.constantFrom('\r\n', '.', '\r', '\n', '\0', 'a', '\r\n.\r\n', '..', '\xff'), { maxLength: 40 })
    .map((parts) => parts.join(''));

  test('gives the same however it is cut', () => {
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(60), { maxLength: 8 }), (text, cuts) => {
        const sorted = cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
        const whole = read(text);
        const cut = read(text, sorted);
        expect(cut.fault).toBe(whole.fault);
        expect(cut.rest).toBe(whole.rest);
        if (whole.fault === null) expect(cut.content).toBe(whole.content);
      }),
      { numRuns: 2_000 },
    );
  });

  test('undoes what a client does for transparency', () => {
    const line = fc
      .array(fc.constantFrom('.', 'a', 'bc', '\xe9'), { maxLength: 6 })
      .map((parts) => `${parts.join('')}\r\n`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.nat(80), (lines, cut) => {
        const stuffed = lines.map((text) => (text.startsWith('.') ? `.${text}` : text)).join('');
        const sent = `${stuffed}.\r\nNOOP\r\n`;
        expect(read(sent, [Math.min(cut, sent.length)])).toEqual({
          content: lines.join(''),
          fault: null,
          rest: 'NOOP\r\n',
        });
      }),
      { numRuns: 2_000 },
    );
  });

  test('ends where the first CRLF.CRLF is, and nowhere else', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const end = `\r\n${text}`.indexOf('\r\n.\r\n');
        expect(read(text).rest).toBe(end === -1 ? null : text.slice(end + 3));
      }),
      { numRuns: 2_000 },
    );
  });
});

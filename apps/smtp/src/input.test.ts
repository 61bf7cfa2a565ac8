import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Input, type InputLine } from './input.ts';
import { LINE_OCTETS, SKIPPED_LINE_OCTETS } from './limits.ts';

/** What the lines of this text are, when it comes cut at these places. */
async function readLines(text: string, cuts: readonly number[] = []): Promise<readonly string[]> {
  const input = new Input(() => 0);
  const octets = Buffer.from(text, 'latin1');
  let start = 0;
  for (const cut of [...cuts, octets.length]) {
    if (cut > start) input.write(Buffer.from(octets.subarray(start, cut)));
    start = Math.max(start, cut);
  }
  input.end();
  const lines: string[] = [];
  for (;;) {
    const line = await input.readLine();
    if (line.type === 'end') return lines;
    lines.push(show(line));
    if (line.type === 'tls' || line.type === 'endless') return lines;
  }
}

function show(line: InputLine): string {
  return line.type === 'line' ? line.octets.toString('latin1') : `(${line.type})`;
}

describe('Input', () => {
  test.each([
    ['a\r\nbc\r\n\r\n', ['a', 'bc', '']],
    ['a\nb\r\n', ['(bare-line-feed)', 'b']],
    ['a\r\r\nb\r\n', ['a\r', 'b']],
    ['a\rb\r\n', ['a\rb']],
    ['unfinished', []],
    ['\x16\x03\x01\x02', ['(tls)']],
    ['a\r\n\x16\r\n', ['a', '\x16']],
  ])('reads %j, wherever packets are cut', async (text, lines) => {
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        expect(await readLines(text, [first, second])).toEqual(lines);
      }
    }
  });

  test('holds lines of LINE_OCTETS and no more, and finds the next one', async () => {
    const longest = 'x'.repeat(LINE_OCTETS);
    for (const cuts of [[], [1], [LINE_OCTETS], [LINE_OCTETS + 1], [100, 5_000, 9_000]]) {
      expect(await readLines(`${longest}\r\nb\r\n`, cuts)).toEqual([longest, 'b']);
      expect(await readLines(`${longest}x\r\nb\r\n`, cuts)).toEqual(['(too-long)', 'b']);
      expect(await readLines(`${longest}${longest}\r\nb\r\n`, cuts)).toEqual(['(too-long)', 'b']);
    }
  });

  test('gives a line up whose end does not come', async () => {
    const chunks = Array.from({ length: 100 }, (_, i) => i * 1_000);
    expect(await readLines('x'.repeat(SKIPPED_LINE_OCTETS + 1_000), chunks)).toEqual(['(endless)']);
  });

  test('gives the octets behind a line to whoever reads them, and takes back what was not used', async () => {
    const input = new Input(() => 0);
    input.write(Buffer.from('DATA\r\nmessage\r\n.\r\nQUIT\r\n'));
    expect(show(await input.readLine())).toBe('DATA');
    const octets = await input.read();
    expect(octets?.toString()).toBe('message\r\n.\r\nQUIT\r\n');
    input.unread(octets?.subarray(12) ?? Buffer.alloc(0));
    expect(input.hasLine).toBe(true);
    expect(show(await input.readLine())).toBe('QUIT');
    expect(input.hasOctets).toBe(false);
  });

  test('takes nothing from the socket while nobody reads', async () => {
    const input = new Input(() => 0);
    const taken: number[] = [];
    for (const i of [1, 2, 3]) input.write(Buffer.from(`${i}\r\n`), () => taken.push(i));
    await new Promise(setImmediate);
    expect(taken).toEqual([]);
    await input.readLine();
    await input.readLine();
    await new Promise(setImmediate);
    expect(taken).toEqual([1]);
  });

  test('whoever waits learns of the end', async () => {
    const input = new Input(() => 0);
    const line = input.readLine();
    expect(input.isAwaited).toBe(true);
    input.stop();
    expect(await line).toEqual({ type: 'end' });
    input.write(Buffer.from('too late\r\n'));
    expect(await input.read()).toBe(null);
  });

  test('gives the same lines however they are cut', async () => {
    const text = fc
      .array(fc.constantFrom('\r\n', '\n', '\r', 'a', 'bcd'), { maxLength: 30 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(50), { maxLength: 6 }), async (all, cuts) => {
        const sorted = cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b);
        expect(await readLines(all, sorted)).toEqual(await readLines(all));
      }),
      { numRuns: 500 },
    );
  });
});

import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CommandParts, LiteralHeader } from './command-parts.ts';
import { type CommandPolicy, CommandReader, type LiteralUse, UnexpectedEnd } from './command-reader.ts';
import { limitsAfterLogin, limitsBeforeLogin } from './limits.ts';
import { afterLogin, readAll } from './testing/read-all.ts';

const END = { type: 'end' };
const beforeLogin: CommandPolicy = { limits: limitsBeforeLogin, sendContinuation() {} };

/** A literal behind `APPEND INBOX`, and any further one of that command, is a message. */
const withMessages: CommandPolicy = {
  ...afterLogin,
  onLiteral(partial: CommandParts, _: LiteralHeader): LiteralUse {
    return /^( |\S+ APPEND INBOX )/.test(partial.texts[0]?.toString() ?? '') ? 'message' : 'buffer';
  },
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('commands, whole, cut in two at every octet, and one octet at a time', () => {
  const table: readonly (readonly [name: string, wire: string, results: readonly unknown[], policy?: CommandPolicy])[] =
    [
      ['a line', 'a1 NOOP\r\n', [['a1 NOOP'], END]],
      ['bare LF', 'a1 NOOP\na2 CHECK\n', [['a1 NOOP'], ['a2 CHECK'], END]],
      ['one CR only', 'a1 NOOP\r\r\n', [['a1 NOOP\r'], END]],
      ['several commands', 'a1 NOOP\r\na2 IDLE\r\nDONE\r\n', [['a1 NOOP'], ['a2 IDLE'], ['DONE'], END]],
      ['an empty line', '\r\na1 NOOP\r\n\n', [[''], ['a1 NOOP'], [''], END]],
      ['a synchronizing literal', 'a LOGIN {4}\r\nfred {3}\r\na b\r\n', [['a LOGIN ', 'fred', ' ', 'a b', ''], END]],
      [
        'RFC 7888 §3',
        'A001 LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n',
        [['A001 LOGIN ', 'FRED FOOBAR', ' ', 'fat man', ''], END],
      ],
      ['literal with line ends', 'a X {6+}\r\n\r\n{9}\r y\r\n', [['a X ', '\r\n{9}\r', ' y'], END]],
      ['empty literals', 'a X {0}\r\n {0+}\r\n\r\n', [['a X ', '', ' ', '', ''], END]],
      ['literal8', 'a X ~{2}\r\n\0\n ~{1+}\r\n\0\r\n', [['a X ', '~\0\n', ' ', '~\0', ''], END]],
      ['leading zeros', 'a X {0000000000000000000000000000003}\r\nabc\r\n', [['a X ', 'abc', ''], END]],
      ['a tilde elsewhere', 'a X ~ {1}\r\nb\r\n', [['a X ~ ', 'b', ''], END]],
      ['no literal: negative', 'a LOGIN {-1}\r\na2 NOOP\r\n', [['a LOGIN {-1}'], ['a2 NOOP'], END]],
      [
        'no literal: no digits',
        'a {}\r\na {+}\r\na ~{}\r\n}\r\n+}\r\n',
        [['a {}'], ['a {+}'], ['a ~{}'], ['}'], ['+}'], END],
      ],
      ['no literal: LITERAL-', 'a {5-}\r\na {5 }\r\na {5++}\r\n', [['a {5-}'], ['a {5 }'], ['a {5++}'], END]],
      ['no literal: in the middle', 'a {5} b\r\n"{5}"\r\n', [['a {5} b'], ['"{5}"'], END]],
      ['an end within a line', 'a1 NOOP\r\na2 NO', [['a1 NOOP'], END]],
      ['an end within a literal', 'a X {5+}\r\nabc', [END]],
      [
        'hardening 2: {4294967295+}',
        'a LOGIN {4294967295+}\r\nx',
        [{ type: 'refused', tag: 'a', reason: 'literal-too-large', inStep: false }, END],
      ],
      [
        'hardening 2: a number of 20 digits',
        'a LOGIN {99999999999999999999}\r\nb NOOP\r\n',
        [{ type: 'refused', tag: 'a', reason: 'literal-too-large', inStep: true }, ['b NOOP'], END],
      ],
      [
        'a number of 400 digits',
        `a LOGIN {${'9'.repeat(400)}+}\r\nb NOOP\r\n`,
        [{ type: 'refused', tag: 'a', reason: 'literal-too-large', inStep: false }, END],
      ],
      [
        'a tag that is none',
        '+ X {999999}\r\n',
        [{ type: 'refused', tag: null, reason: 'literal-too-large', inStep: true }, END],
      ],
      [
        'an APPEND',
        'a APPEND INBOX (\\Seen) {5+}\r\nx: y\n\r\nb NOOP\r\n',
        [
          { partial: ['a APPEND INBOX (\\Seen) '], literal: { size: 5, sync: false, binary: false } },
          'x: y\n',
          [''],
          ['b NOOP'],
          END,
        ],
        withMessages,
      ],
      [
        'MULTIAPPEND, RFC 3502',
        'a APPEND INBOX {1+}\r\nm ~{2+}\r\nn\0\r\nb NOOP\r\n',
        [
          { partial: ['a APPEND INBOX '], literal: { size: 1, sync: false, binary: false } },
          'm',
          { partial: [' '], literal: { size: 2, sync: false, binary: true } },
          'n\0',
          [''],
          ['b NOOP'],
          END,
        ],
        withMessages,
      ],
    ];

  for (const [name, wire, results, policy] of table) {
    test(name, async () => {
      const octets = Buffer.from(wire, 'latin1');
      expect(await readAll([octets], policy)).toEqual(results);
      for (let cut = 1; cut < octets.length; cut += 1) {
        expect(await readAll([octets.subarray(0, cut), octets.subarray(cut)], policy), `cut at ${cut}`).toEqual(
          results,
        );
      }
      const single = Array.from(octets, (_octet, index) => octets.subarray(index, index + 1));
      expect(await readAll(single, policy), 'one octet at a time').toEqual(results);
    });
  }
});

describe('limits', () => {
  test('hardening 1: 64 MiB without a line end is cut at the limit, and its work is not repeated', async () => {
    const work = countWork();
    const reader = new CommandReader();
    const reading = reader.readCommand(afterLogin);
    const chunk = Buffer.concat([Buffer.from('a1 LOGIN '), Buffer.alloc(16 * 1024 - 9, 'x')]);
    let most = 0;
    for (let sent = 0; sent < 64 * 1024 * 1024; sent += chunk.length) {
      reader.push(chunk);
      await null;
      await null;
      most = Math.max(most, reader.bufferedOctets);
    }
    expect(await reading).toEqual({ type: 'refused', tag: 'a1', reason: 'text-too-long', inStep: false });
    expect(await reader.readCommand(afterLogin)).toEqual(END);
    expect(most).toBeLessThanOrEqual(limitsAfterLogin.textOctets + chunk.length);
    expect(reader.bufferedOctets).toBe(0);
    expect(work.octets()).toBeLessThan(4 * (limitsAfterLogin.textOctets + chunk.length));
  });

  test.each([
    ['an octet', 1],
    ['7 octets', 7],
    ['1,000 octets', 1000],
  ])('a long line and a long literal in chunks of %s cost work in proportion', async (_, size) => {
    const wire = Buffer.concat([
      Buffer.from('a SEARCH TEXT "'),
      Buffer.alloc(60_000, 'x'),
      Buffer.from('" {60000+}\r\n'),
      Buffer.alloc(60_000, 'y'),
      Buffer.from('\r\n'),
    ]);
    const work = countWork();
    const reader = new CommandReader();
    const reading = reader.readCommand(afterLogin);
    for (let at = 0; at < wire.length; at += size) {
      reader.push(wire.subarray(at, at + size));
      await null;
      await null;
    }
    expect(await reading).toMatchObject({ type: 'command' });
    expect(work.octets()).toBeGreaterThanOrEqual(60_000);
    expect(work.octets()).toBeLessThan(5 * wire.length);
  });

  test('commands pipelined in one chunk are searched once', async () => {
    const wire = Buffer.from('a1 NOOP\r\n'.repeat(7000));
    const work = countWork();
    const reader = new CommandReader();
    reader.push(wire);
    for (let count = 0; count < 7000; count += 1) await reader.readCommand(afterLogin);
    expect(reader.bufferedOctets).toBe(0);
    expect(work.found()).toBeLessThanOrEqual(wire.length);
  });

  test('the text of a command is limited over all its lines', async () => {
    const line = `${'x'.repeat(9000)} {1+}\r\ny`;
    expect(await readAll([Buffer.from(`a ${line}${line}\r\n`)], beforeLogin)).toEqual([
      { type: 'refused', tag: 'a', reason: 'text-too-long', inStep: false },
      END,
    ]);
  });

  test.each([16 * 1024 - 1, 16 * 1024])('a line of %i octets is read before login', async (octets) => {
    const line = 'x'.repeat(octets);
    expect(await readAll([Buffer.from(`${line}\r\n`)], beforeLogin)).toEqual([[line], END]);
    expect(await readAll([Buffer.from(`${line}\r`), Buffer.from('\n')], beforeLogin)).toEqual([[line], END]);
    expect(await readAll([Buffer.from(`${line}\n`)], beforeLogin)).toEqual([[line], END]);
  });

  test('one octet more is not, with and without its line end', async () => {
    const line = `tag ${'x'.repeat(16 * 1024 - 3)}`;
    const refused = { type: 'refused', tag: 'tag', reason: 'text-too-long', inStep: false };
    expect(await readAll([Buffer.from(`${line}\n`)], beforeLogin)).toEqual([refused, END]);
    expect(await readAll([Buffer.from(`${line}\r\na2 NOOP\r\n`)], beforeLogin)).toEqual([refused, END]);
    expect(await readAll([Buffer.from(line), Buffer.from('yy')], beforeLogin)).toEqual([refused, END]);
  });

  test('hardening 4: 100,000 small literals are refused at the thousand and first', async () => {
    const wire = Buffer.from(`a SEARCH ${'{1+}\r\nx '.repeat(100_000)}\r\n`);
    expect(await readAll([wire])).toEqual([
      { type: 'refused', tag: 'a', reason: 'too-many-literals', inStep: false },
      END,
    ]);
  });

  test('literals together are limited', async () => {
    const literal = `{65536+}\r\n${'x'.repeat(65536)} `;
    const refused = { type: 'refused', tag: 'a', reason: 'literals-too-large', inStep: false };
    expect(await readAll([Buffer.from(`a X ${literal}{1+}\r\ny\r\n`)], beforeLogin)).toEqual([refused, END]);
    expect(await readAll([Buffer.from(`a X ${literal.repeat(17)}\r\n`)])).toEqual([refused, END]);
  });

  test('LITERAL-: a non-synchronizing literal is small, a synchronizing one may be large, messages too', async () => {
    const policy: CommandPolicy = {
      ...afterLogin,
      limits: { ...limitsAfterLogin, nonSyncLiteralOctets: 4096 },
      onLiteral: () => 'message',
    };
    expect(await readAll([Buffer.from('a APPEND x {4097+}\r\n')], policy)).toEqual([
      { type: 'refused', tag: 'a', reason: 'literal-too-large', inStep: false },
      END,
    ]);
    expect(await readAll([Buffer.from(`a APPEND x {4097}\r\n${'x'.repeat(4097)}\r\n`)], policy)).toHaveLength(4);
  });

  test('a literal that has no place is refused, and a synchronizing one leaves the stream in step', async () => {
    const policy: CommandPolicy = { ...afterLogin, onLiteral: () => 'refuse' };
    expect(await readAll([Buffer.from('a X {5}\r\nb NOOP\r\nc X {1+}\r\nd NOOP\r\n')], policy)).toEqual([
      { type: 'refused', tag: 'a', reason: 'literal-refused', inStep: true },
      ['b NOOP'],
      { type: 'refused', tag: 'c', reason: 'literal-refused', inStep: false },
      END,
    ]);
  });
});

describe('continuations', () => {
  test('one for each synchronizing literal that is buffered, and none for others', async () => {
    const sendContinuation = vi.fn();
    const reader = new CommandReader();
    const reading = reader.readCommand({ ...afterLogin, sendContinuation });
    reader.push(Buffer.from('a LOGIN {4}\r\n'));
    await settled();
    expect(sendContinuation).toHaveBeenCalledTimes(1);
    reader.push(Buffer.from('fred {3+}\r\nabc {200000}\r\n'));
    expect(await reading).toMatchObject({ type: 'refused', inStep: true });
    expect(sendContinuation).toHaveBeenCalledTimes(1);
  });
});

describe('message literals', () => {
  const policy: CommandPolicy = { ...afterLogin, onLiteral: () => 'message' };

  test('are given in the chunks they come in, without a copy', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a APPEND x {200000+}\r\n'));
    await reader.readCommand(policy);
    const chunks = [Buffer.alloc(100_000, 'x'), Buffer.alloc(100_010, 'y')];
    const taken: Buffer[] = [];
    const streaming = (async () => {
      for await (const chunk of reader.streamLiteral(200_000)) taken.push(chunk);
    })();
    for (const chunk of chunks) {
      await settled();
      reader.push(chunk);
    }
    await streaming;
    expect(taken.map(({ length }) => length)).toEqual([100_000, 100_000]);
    expect(taken.map(({ buffer }) => buffer)).toEqual(chunks.map(({ buffer }) => buffer));
    expect(reader.bufferedOctets).toBe(10);
  });

  test('a consumer that stops early leaves the stream in step', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a APPEND x {9+}\r\nab'));
    await reader.readCommand(policy);
    for await (const chunk of reader.streamLiteral(9)) {
      expect(chunk.toString()).toBe('ab');
      break;
    }
    const rest = reader.readRest(policy);
    reader.push(Buffer.from('c\r\nd\r\n'));
    await settled();
    reader.push(Buffer.from('f\r\nb NOOP\r\n'));
    expect(await rest).toMatchObject({ type: 'command', parts: { texts: [Buffer.from('')] } });
    expect(await reader.readCommand(policy)).toMatchObject({ parts: { texts: [Buffer.from('b NOOP')] } });
  });

  test('a stream nobody iterates counts as stopped early', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a APPEND x {2+}\r\nab\r\nb NOOP\r\n'));
    await reader.readCommand(policy);
    reader.streamLiteral(2);
    expect(await reader.skipRest(null, 100)).toBe('in-step');
    expect(await reader.readCommand(policy)).toMatchObject({ parts: { texts: [Buffer.from('b NOOP')] } });
  });

  test('an end within one is an error, never a short message', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a APPEND x {9+}\r\nab'));
    await reader.readCommand(policy);
    const streaming = (async () => {
      for await (const _ of reader.streamLiteral(9));
    })();
    reader.end();
    await expect(streaming).rejects.toThrow(UnexpectedEnd);
    await expect(reader.readLiteral(9)).rejects.toThrow(UnexpectedEnd);
    await expect(reader.discardLiteral(9)).rejects.toThrow(UnexpectedEnd);
  });

  test.each([
    ['a synchronizing one: nothing came', '{5}\r\nb NOOP\r\n', 100, 'in-step'],
    ['another', '{5+}\r\nhello\r\nb NOOP\r\n', 100, 'in-step'],
    ['with more arguments', '{5+}\r\nhello (\\Seen) {5+}\r\nworld\r\nb NOOP\r\n', 100, 'in-step'],
    ['then a synchronizing one', '{5+}\r\nhello {5}\r\nb NOOP\r\n', 100, 'in-step'],
    ['too large', '{101+}\r\nhello', 100, 'out-of-step'],
    ['too large together', `{99+}\r\n${'x'.repeat(99)} {9+}\r\n`, 100, 'out-of-step'],
    ['an end', '{99+}\r\nhello', 100, 'end'],
  ])('skipRest: %s', async (_, wire, most, outcome) => {
    const reader = new CommandReader();
    reader.push(Buffer.from(`a APPEND x ${wire}`));
    const result = await reader.readCommand(policy);
    const skipping = reader.skipRest(result.type === 'message-literal' ? result.literal : null, most);
    if (outcome === 'end') reader.end();
    expect(await skipping).toBe(outcome);
    if (outcome === 'in-step') {
      expect(await reader.readCommand(policy)).toMatchObject({ parts: { texts: [Buffer.from('b NOOP')] } });
    } else {
      expect(await reader.readCommand(policy)).toEqual(END);
    }
  });
});

describe('lines and the stream', () => {
  test('readLine gives what comes in IDLE and AUTHENTICATE', async () => {
    const reader = new CommandReader();
    const line = reader.readLine(12_288);
    reader.push(Buffer.from('DO'));
    reader.push(Buffer.from('NE\r\nAGZyZWQA\r\n*\r\n'));
    expect(await line).toEqual({ type: 'line', text: Buffer.from('DONE'), literal: null });
    expect(await reader.readLine(8)).toMatchObject({ text: Buffer.from('AGZyZWQA') });
    expect(await reader.readLine(0)).toEqual({ type: 'text-too-long', beginning: Buffer.from('*') });
    expect(await reader.readLine(8)).toEqual(END);
  });

  test('hardening 5: what came behind STARTTLS is dropped', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a1 STARTTLS\r\na2 LOGIN mallory x\r\na3 SEL'));
    await reader.readCommand(beforeLogin);
    expect(reader.discardBuffered()).toBe(26);
    reader.push(Buffer.from('b1 CAPABILITY\r\n'));
    expect(await reader.readCommand(beforeLogin)).toMatchObject({ parts: { texts: [Buffer.from('b1 CAPABILITY')] } });
  });

  test('the owner is told to pause above the high water, and to resume when half is taken or more is needed', async () => {
    const onFlow = vi.fn();
    const reader = new CommandReader({ onFlow, highWaterOctets: 40 });
    reader.push(Buffer.from('a1 NOOP\r\n'.repeat(4)));
    expect(onFlow).not.toHaveBeenCalled();
    reader.push(Buffer.from('a1 NOOP\r\n'));
    expect(onFlow.mock.calls).toEqual([[true]]);
    for (let count = 0; count < 2; count += 1) await reader.readCommand(afterLogin);
    expect(onFlow.mock.calls).toEqual([[true]]);
    await reader.readCommand(afterLogin);
    expect(onFlow.mock.calls).toEqual([[true], [false]]);

    // A line longer than the high water must not wait for itself.
    reader.push(Buffer.alloc(50, 'x'));
    expect(onFlow).toHaveBeenLastCalledWith(true);
    for (let count = 0; count < 2; count += 1) await reader.readCommand(afterLogin);
    const long = reader.readCommand(afterLogin);
    await settled();
    expect(onFlow).toHaveBeenLastCalledWith(false);
    reader.push(Buffer.from('\r\n'));
    expect(await long).toMatchObject({ type: 'command' });
  });

  test('commands that came before the end are still read', async () => {
    const reader = new CommandReader();
    reader.push(Buffer.from('a1 LOGOUT\r\n'));
    reader.end();
    reader.push(Buffer.from('a2 NOOP\r\n'));
    expect(await reader.readCommand(afterLogin)).toMatchObject({ parts: { texts: [Buffer.from('a1 LOGOUT')] } });
    expect(await reader.readCommand(afterLogin)).toEqual(END);
  });

  test('two pulls at once are a fault of the caller', async () => {
    const reader = new CommandReader();
    const first = reader.readLine(10);
    await expect(reader.readLine(10)).rejects.toThrow('Two pulls');
    reader.end();
    await first;
  });

  test('a short rest does not hold the long chunk it came in', async () => {
    const reader = new CommandReader();
    const chunk = Buffer.from(`${'a1 NOOP\r\n'.repeat(1000)}a2 NOO`);
    const allocated = vi.spyOn(Buffer, 'allocUnsafeSlow');
    reader.push(chunk);
    for (let count = 0; count < 1000; count += 1) await reader.readCommand(afterLogin);
    const last = reader.readCommand(afterLogin);
    await settled();
    expect(allocated.mock.calls).toEqual([['a2 NOO'.length]]);
    reader.push(Buffer.from('P\r\n'));
    expect(await last).toMatchObject({ parts: { texts: [Buffer.from('a2 NOOP')] } });
  });

  test('arbitrary octets never throw, and what is held stays within the limits', async () => {
    const limits = { textOctets: 64, literalOctets: 32, literals: 3, literalTotalOctets: 64, nonSyncLiteralOctets: 64 };
    const piece = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          'a X ',
          ' ',
          '\r\n',
          '\n',
          '{3}\r\n',
          '{3+}\r\n',
          '~{5+}\r\n',
          '{40}\r\n',
          '{',
          '}',
          '"',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets).toString('latin1')),
      },
    );
    const uses = fc.array(fc.constantFrom<LiteralUse>('buffer', 'buffer', 'message', 'refuse'), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(piece), uses, async (pieces, decisions) => {
        let decided = 0;
        const policy: CommandPolicy = {
          limits,
          sendContinuation() {},
          onLiteral: () => decisions[decided++ % decisions.length] ?? 'buffer',
        };
        const chunks = pieces.map((text) => Buffer.from(text, 'latin1'));
        let most = 0;
        const reader = new CommandReader();
        const reading = (async () => {
          for (let result = await reader.readCommand(policy); result.type !== 'end'; ) {
            if (result.type === 'message-literal') {
              await reader.discardLiteral(result.literal.size);
              result = await reader.readRest(policy);
            } else {
              result = await reader.readCommand(policy);
            }
          }
        })().catch((error) => {
          if (!(error instanceof UnexpectedEnd)) throw error;
        });
        for (const chunk of chunks) {
          reader.push(chunk);
          await settled();
          most = Math.max(most, reader.bufferedOctets);
        }
        reader.end();
        await reading;
        expect(most).toBeLessThanOrEqual(64 + 64 + 40);
      }),
    );
  });

  test('arbitrary cuts change nothing', async () => {
    const wire = Buffer.from('a LOGIN {4}\r\nfred {3+}\r\na b\r\nb APPEND INBOX {5+}\r\nx: y\n\r\nc NOOP\r\n');
    const whole = await readAll([wire], withMessages);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(wire.length)), async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), wire.length];
        const chunks = places.slice(1).map((place, index) => wire.subarray(places[index], place));
        expect(await readAll(chunks, withMessages)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Counts the octets searched and copied: by how much they are, not how long it takes. */
function countWork(): { octets(): number; found(): number } {
  let searched = 0;
  let copied = 0;
  let found = 0;
  const { indexOf, copy } = Buffer.prototype;
  vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    ...args: Parameters<typeof indexOf>
  ) {
    const place = indexOf.apply(this, args);
    if (place === -1) searched += this.length;
    else found += place + 1;
    return place;
  });
  vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args: Parameters<typeof copy>) {
    const octets = copy.apply(this, args);
    copied += octets;
    return octets;
  });
  return { octets: () => searched + found + copied, found: () => found };
}

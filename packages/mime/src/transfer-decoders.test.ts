import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countOctets } from './testing/count-octets.ts';
import { transferDecoder } from './transfer-decoders.ts';

function decode(encoding: string, octets: Buffer, cuts: readonly number[] = []): Buffer {
  const decoder = transferDecoder(encoding);
  const decoded: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, octets.length]) {
    const piece = Buffer.from(octets.subarray(from, cut));
    decoded.push(Buffer.from(decoder.write(piece)));
    piece.fill(0x2d); // the decoder must not look at a piece again
    from = Math.max(from, cut);
  }
  decoded.push(decoder.end());
  return Buffer.concat(decoded);
}

/** What the decoder makes of it, and what its fork does. */
function decodeForked(encoding: string, octets: Buffer, cut: number): readonly Buffer[] {
  const decoder = transferDecoder(encoding);
  const begun = Buffer.from(decoder.write(octets.subarray(0, cut)));
  const both = [decoder, decoder.fork()];
  return both.map((one) => Buffer.concat([begun, Buffer.from(one.write(octets.subarray(cut))), one.end()]));
}

/** Decodes whole, cut at every octet, and by two decoders from there on. */
function text(encoding: string, encoded: string): string {
  const octets = Buffer.from(encoded, 'latin1');
  const whole = decode(encoding, octets);
  expect(
    decode(
      encoding,
      octets,
      Array.from(octets, (_, index) => index),
    ),
  ).toEqual(whole);
  for (let cut = 0; cut <= octets.length; cut++) {
    expect(decode(encoding, octets, [cut])).toEqual(whole);
    expect(decodeForked(encoding, octets, cut)).toEqual([whole, whole]);
  }
  return whole.toString('latin1');
}

describe('base64 (RFC 2045 §6.8)', () => {
  test.each([
    ['aGVsbG8=', 'hello'],
    ['aGVs\r\nbG8=\r\n', 'hello'],
    ['aGVsbG8', 'hello'], // no padding
    ['aGVsbG8==', 'hello'],
    ['aGVsbG8=aGVsbG8=', 'hellohello'], // padding within
    [' a!G-V_s<b>G8=', 'hello'], // junk is what stands outside the alphabet
    ['aGVs\0\xffbG8=', 'hello'],
    ['a', ''],
    ['aG', 'h'],
    ['====', ''],
    ['', ''],
  ])('%j', (encoded, decoded) => {
    expect(text('base64', encoded)).toBe(decoded);
    expect(text('BASE64', encoded)).toBe(decoded);
  });

  test('what was encoded is decoded, in lines of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 80 }), fc.array(fc.nat(200)), (octets, width, cuts) => {
        const lines = Buffer.from(octets)
          .toString('base64')
          .replace(new RegExp(`.{1,${width}}`, 'g'), '$&\r\n');
        const encoded = Buffer.from(lines);
        const places = cuts.map((cut) => cut % (encoded.length + 1)).sort((a, b) => a - b);
        expect(decode('base64', encoded, places)).toEqual(Buffer.from(octets));
      }),
    );
  });
});

describe('quoted-printable (RFC 2045 §6.7)', () => {
  test.each([
    ['caf=E9', 'caf\xe9'],
    ['caf=e9', 'caf\xe9'],
    ['one=\r\ntwo', 'onetwo'],
    ['one=\ntwo', 'onetwo'],
    ['one= \t\r\ntwo', 'onetwo'],
    ['one=\rtwo', 'onetwo'],
    ['one=', 'one'],
    ['one= ', 'one'],
    ['one \t\r\ntwo', 'one\r\ntwo'],
    ['one \t\ntwo', 'one\ntwo'],
    ['one  two', 'one  two'],
    ['one ', 'one'],
    ['one =20', 'one  '],
    ['one =20\r\n', 'one  \r\n'],
    ['=', ''],
    ['=4', '=4'],
    ['=zz', '=zz'],
    ['=4z', '=4z'],
    ['= x', '= x'],
    ['==3D', '==='.slice(0, 2)],
    ['=4=41', '=4A'],
    ['=\r=41', 'A'],
    ['100% = all', '100% = all'],
    ['\0\xff', '\0\xff'],
  ])('%j', (encoded, decoded) => {
    expect(text('quoted-printable', encoded)).toBe(decoded);
  });

  test('white space is held up to a limit: what is before that is text', () => {
    const encoded = Buffer.from(`a${' '.repeat(3_000)}\r\n`);
    expect(decode('quoted-printable', encoded).length).toBe(2_051);
    for (const cut of [1, 2, 1_024, 1_025, 1_026, 2_049]) {
      expect(decode('quoted-printable', encoded, [cut]).length).toBe(2_051);
    }
  });

  test('any octets, any cuts', () => {
    const pieces = fc.array(fc.constantFrom('=', '4', 'E', 'z', ' ', '\t', '\r', '\n', '\xe9', '=41', '=\r\n'));
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(100)), (parts, cuts) => {
        const encoded = Buffer.from(parts.join(''), 'latin1');
        const places = cuts.map((cut) => cut % (encoded.length + 1)).sort((a, b) => a - b);
        expect(decode('quoted-printable', encoded, places)).toEqual(decode('quoted-printable', encoded));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('uuencode', () => {
  test.each([
    ['begin 644 x\r\n#8V%T\r\n`\r\nend\r\n', 'cat'],
    ['begin 644 x\n#8V%T\n \nend\n', 'cat'],
    ['before\r\nbegin 644 x\r\n#8V%T\r\nend\r\nafter\r\n', 'before\r\ncatafter\r\n'],
    ['begin 644 x\r\n#8V%T', 'cat'], // no end
    ['begin 644 x\r\n#8V', 'c`'], // too short
    ['begin 644 x\r\n\r\n#8V%T\r\nend', 'cat'],
    ['beginning of a letter\r\n', 'beginning of a letter\r\n'],
    [`begin 644 x\r\n${'x'.repeat(1_000)}\r\n#8V%T\r\nend`, `${'x'.repeat(1_000)}\r\ncat`],
    ['', ''],
  ])('%.40j', (encoded, decoded) => {
    expect(text('x-uuencode', encoded)).toBe(decoded);
  });
});

test('an unknown encoding leaves the octets as they are', () => {
  expect(text('x-own', 'a=41')).toBe('a=41');
  expect(text('8bit', '\xff\0')).toBe('\xff\0');
});

describe('hardening 35: invalid base64, quoted-printable and uuencode', () => {
  test.each(['base64', 'quoted-printable', 'x-uuencode'])('%s of any octets never throws', (encoding) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200)), (octets, cuts) => {
        const encoded = Buffer.concat([Buffer.from('begin 644 x\n'), octets]);
        const places = cuts.map((cut) => cut % (encoded.length + 1)).sort((a, b) => a - b);
        expect(decode(encoding, encoded, places)).toEqual(decode(encoding, encoded));
      }),
    );
  });

  test.each([
    ['base64', '='],
    ['base64', '!'],
    ['quoted-printable', '='],
    ['quoted-printable', ' '],
    ['quoted-printable', '=4'],
    ['quoted-printable', '= '],
    ['x-uuencode', 'M'],
    ['x-uuencode', 'M\n'],
    ['x-uuencode', 'begin 644 x\n'],
    ['x-uuencode', '\n'],
  ])('%s of %j repeated takes linear work', (encoding, piece) => {
    const work = (times: number) => {
      const octets = Buffer.from(`begin 644 x\n${piece.repeat(times)}`);
      return countOctets(() => decode(encoding, octets, [octets.length / 3, octets.length / 2]));
    };
    expect(work(2_000)).toBeLessThan(work(1_000) * 2.2 + 2_000);
    expect(decode(encoding, Buffer.from(piece.repeat(200_000))).length).toBeLessThanOrEqual(piece.length * 200_000);
  });
});

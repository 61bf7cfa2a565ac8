import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from './limits.ts';
import { MessageParser, parseMessage } from './message-parser.ts';
import { headerText, type MessageText } from './message-text.ts';
import { countOctets } from './testing/count-octets.ts';
import { build, trees } from './testing/generated-message.ts';

function textInPieces(octets: Buffer, cuts: readonly number[]): MessageText {
  const parser = new MessageParser({ collectText: true });
  let from = 0;
  for (const cut of [...cuts, octets.length]) {
    const piece = Buffer.from(octets.subarray(from, cut));
    parser.push(piece);
    piece.fill(0x2d); // the parser must not look at a piece again
    from = Math.max(from, cut);
  }
  const { text } = parser.end();
  if (text === null) throw new Error('No text');
  return text;
}

/** Lines with CRLF between. */
function message(...lines: string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function textOf(...lines: string[]): MessageText {
  return textInPieces(message(...lines), []);
}

function part(type: string, body: string, ...fields: string[]): string {
  return ['--b', `Content-Type: ${type}`, ...fields, '', body].join('\r\n');
}

const multipart = (subtype: string) => `Content-Type: multipart/${subtype}; boundary=b\r\n`;

test('a header by itself has the text that it has before a body', () => {
  const line = fc.constantFrom(
    'Received: from a',
    '\tby b; Mon',
    ' ',
    'Subject: =?utf-8?q?=C3=BC?=',
    'no field',
    ': x',
    'X:\xfc\0y',
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.constantFrom('\r\n', '\n'), (lines, lineEnd) => {
      const header = Buffer.from(lines.map((text) => text + lineEnd).join(''), 'latin1');
      expect(headerText(header)).toBe(textInPieces(header, []).header);
    }),
  );
});

test('text is collected only if asked for', () => {
  expect(parseMessage(Buffer.from('Subject: x\n\ny')).text).toBeNull();
});

describe('header', () => {
  test('fields in their order, unfolded and decoded', () => {
    const { header } = textOf(
      'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n  =?utf-8?Q?_aus?= Wien',
      'X-Folded: one\r\n\ttwo\r\n three ',
      'from : =?iso-8859-1?Q?J=F6rg?= <j@example.org>',
      'Subject:\xc3\xa4',
      'X-Latin: \xe4',
      'X-Empty:',
      'a line without a colon',
      '',
      'body',
    );
    expect(header.split('\n')).toEqual([
      'Subject: Grüße aus Wien',
      'X-Folded: one\ttwo three',
      'from: Jörg <j@example.org>',
      'Subject: ä',
      'X-Latin: ä',
      'X-Empty: ',
      '',
    ]);
  });

  test('a value stays on its line, whatever it decodes to', () => {
    const { header } = textOf('Subject: =?utf-8?Q?a=0D=0AFrom:=20b=00c?=\r\n d', 'X: a\rb\0c', '', '');
    expect(header).toBe('Subject: a From: bc d\nX: a bc\n');
  });

  test('hardening 32: names of Object.prototype are text', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'];
    const { header, body } = textOf(
      ...names.map((name) => `${name}: x`),
      `Content-Type: text/plain; ${names.map((name) => `${name}=x`).join('; ')}; charset=__proto__`,
      'Content-Transfer-Encoding: constructor',
      '',
      'body',
    );
    expect(header).toContain(names.map((name) => `${name}: x\n`).join(''));
    expect(body).toBe('body\n');
    const embedded = textOf(multipart('__proto__'), part('constructor/toString; name=hasOwnProperty', 'x'), '--b--');
    expect(embedded.body).toBe('hasOwnProperty\n');
  });
});

describe('body', () => {
  test('parts in their order, encoding, charset and markup undone', () => {
    const { body, preview } = textOf(
      multipart('mixed'),
      'preamble',
      part('text/plain; charset=utf-8', 'R3LDvMOfZSBhdXMgV2llbg==', 'Content-Transfer-Encoding: base64'),
      part('text/html', '<style>p {}</style><p>one<p>two &eacute;<br>three'),
      part('text/plain; charset=iso-8859-1', 'vier =E4=\r\n f\xfcnf', 'Content-Transfer-Encoding: quoted-printable'),
      part('text/csv', 'a;b'),
      part('application/pdf', 'JVBERi0=', "Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.pdf"),
      part('image/png; name="=?utf-8?Q?bild=2Epng?="', 'x'),
      '--b--',
      'epilogue',
    );
    expect(body).toBe('Grüße aus Wien\none\ntwo é\nthree\nvier ä fünf\na;b\n€.pdf\nbild.png\n');
    expect(preview).toBe('Grüße aus Wien');
  });

  test('embedded messages with their header fields', () => {
    const embedded = 'Subject: =?utf-8?Q?=C3=A4?=\r\nX: y\r\n\r\ninner';
    const { header, body } = textOf('Subject: outer', multipart('mixed'), part('message/rfc822', embedded), '--b--');
    expect(header).not.toContain('ä');
    expect(body).toBe('Subject: ä\nX: y\ninner\n');
    const named = part('message/rfc822', embedded, 'Content-Disposition: attachment; filename=carried.eml');
    expect(textOf(multipart('mixed'), named, '--b--').body).toBe('carried.eml\nSubject: ä\nX: y\ninner\n');
    expect(textOf(multipart('digest'), '--b', '', embedded, '--b--').body).toBe('Subject: ä\nX: y\ninner\n');
  });

  test('delivery reports are text too', () => {
    const { body, preview } = textOf(
      multipart('report'),
      part('text/plain', 'Not delivered.'),
      part('message/delivery-status', 'Status: 5.1.1'),
      part('text/rfc822-headers', 'Subject: sent'),
      '--b--',
    );
    expect(body).toBe('Not delivered.\nStatus: 5.1.1\nSubject: sent\n');
    expect(preview).toBe('Not delivered.');
  });

  test('line ends are LF, NUL goes, and no half of a pair stays', () => {
    expect(textOf('', 'a', 'b\rc\nd\0e', '').body).toBe('a\nb\nc\nde\n\n');
    const utf16 = Buffer.from([0x00, 0x61, 0xd8, 0x3d, 0x00, 0x62]).toString('base64');
    const { body } = textOf(
      'Content-Type: text/plain; charset=utf-16be',
      'Content-Transfer-Encoding: base64',
      '',
      utf16,
    );
    expect(body.isWellFormed()).toBe(true);
  });

  test('the line end before a delimiter is the delimiter’s, wherever it is cut', () => {
    const octets = message(
      multipart('mixed'),
      'pre',
      ...[
        '--b',
        '',
        'one',
        '-',
        '--',
        '--x',
        '',
        '',
        '--b',
        'Content-Type: text/html',
        '',
        'a<b>&amp;<!-- - --><i x="\'>">c',
      ],
      ...['--b', '', 'cr\r', '--b', '', '', '--b', '', '--b--', 'epi', ''],
    );
    const whole = textInPieces(octets, []);
    expect(whole.body).toBe('one\n-\n--\n--x\n\n\na&c\ncr\n\n\n\n');
    for (let cut = 0; cut <= octets.length; cut++) expect(textInPieces(octets, [cut])).toEqual(whole);
    expect(
      textInPieces(
        octets,
        Array.from(octets, (_, index) => index),
      ),
    ).toEqual(whole);
  });

  test('any message, cut anywhere', () => {
    fc.assert(
      fc.property(trees, fc.constantFrom('\r\n', '\n'), fc.array(fc.nat(2_000)), (tree, lineEnd, cuts) => {
        const { octets } = build(tree, lineEnd);
        const places = cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b);
        expect(textInPieces(octets, places)).toEqual(textInPieces(octets, []));
      }),
    );
  });

  test('collecting text changes nothing else', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const { octets } = build(tree, '\r\n');
        expect({ ...parseMessage(octets, { collectText: true }), text: null }).toEqual(parseMessage(octets));
      }),
    );
  });
});

describe('preview (RFC 8970 §3.3)', () => {
  const plain = part('text/plain', 'as text');
  const html = part('text/html', '<p>as html');
  const empty = part('text/plain', ' \r\n \t');

  test.each([
    ['the first text', [multipart('mixed'), plain, html, '--b--'], 'as text'],
    ['HTML where it is the first', [multipart('mixed'), html, plain, '--b--'], 'as html'],
    ['plain text of alternatives', [multipart('alternative'), html, plain, '--b--'], 'as text'],
    ['HTML where the plain text is empty', [multipart('alternative'), empty, html, '--b--'], 'as html'],
    [
      'not a file',
      [multipart('mixed'), part('text/plain', 'file', 'Content-Disposition: attachment'), plain],
      'as text',
    ],
    ['not a table', [multipart('mixed'), part('text/csv', 'a;b'), plain], 'as text'],
    [
      'the text of an embedded message if there is no other',
      [multipart('mixed'), empty, part('message/rfc822', 'Subject: x\r\n\r\ninner')],
      'inner',
    ],
    ['white space as one space', ['', '  one\t\ttwo', '', '\xa0three  '], 'one two three'],
    ['not what is quoted', ['', '> quoted', '>> twice', 'answer', '> again', 'end'], 'answer end'],
    ['what is quoted if there is nothing else', ['', '> quoted', '>> twice'], '> quoted >> twice'],
    ['> in HTML', ['Content-Type: text/html', '', '> no quote'], '> no quote'],
    [
      'not what nobody sees',
      ['Content-Type: text/html', '', '&#8203;Offer&shy;s&nbsp;&zwnj;&nbsp;&zwnj;&#847;&nbsp;here'],
      'Offers here',
    ],
    ['joiners within words', ['Content-Type: text/html', '', '&#x645;&#x6cc;&zwnj;&#x62e;'], 'می\u200cخ'],
    ['none', [multipart('mixed'), part('image/png', 'x')], ''],
    ['none of nothing', [''], ''],
  ] as const)('%s', (_, lines, preview) => {
    expect(textOf(...lines).preview).toBe(preview);
  });

  test.each(['x', 'ä', '😀', 'e\u0301', 'x '])('of %j has at most 200 characters, and no half of one', (piece) => {
    const body = Buffer.from(piece.repeat(1_000)).toString('latin1');
    const octets = message('Content-Type: text/plain; charset=utf-8', '', body);
    const { preview } = textInPieces(octets, []);
    expect(Array.from(preview).length).toBeGreaterThan(190);
    expect(Array.from(preview).length).toBeLessThanOrEqual(limits.previewCharacters);
    expect(preview.isWellFormed()).toBe(true);
    expect(piece.repeat(1_000).startsWith(preview)).toBe(true);
    expect(
      textInPieces(
        octets,
        Array.from({ length: 1_000 }, (_, index) => index),
      ).preview,
    ).toBe(preview);
  });
});

describe('limits', () => {
  const length = ({ header, body }: MessageText) => header.length + body.length;

  test.each([
    ['a long plain text', ['', 'x'.repeat(3_000_000)]],
    ['a long header', [`X: ${'x'.repeat(200_000)}\r\nY: ${'y'.repeat(50_000)}`, '', 'x'.repeat(3_000_000)]],
    ['base64', ['Content-Transfer-Encoding: base64', '', 'eHh4'.repeat(1_000_000)]],
    ['HTML', ['Content-Type: text/html', '', '<b>x</b>'.repeat(2_000_000)]],
    ['pairs', ['Content-Type: text/plain; charset=utf-8', '', ` ${'\xf0\x9f\x98\x80'.repeat(600_000)}`]],
    ['many parts', [multipart('mixed'), '--b\r\nContent-Type: text/plain; name=x\r\n\r\ny\r\n'.repeat(9_000)]],
    [
      'many embedded messages',
      [multipart('mixed'), `--b\r\nContent-Type: message/rfc822\r\n\r\nX: ${'y'.repeat(20_000)}\r\n`.repeat(90)],
    ],
  ])('%s is cut off', (_, lines) => {
    const text = textOf(...lines);
    expect(length(text)).toBeLessThanOrEqual(limits.textCharacters);
    expect(length(text)).toBeGreaterThan(30_000);
    expect(text.body.isWellFormed()).toBe(true);
  });

  test('octets that give no text end too', () => {
    const hidden = '<style>'.padEnd(limits.textOctets - 10, 'x');
    const octets = message(
      multipart('mixed'),
      part('text/html', hidden),
      part('text/plain; name=a', '0123456789abc'),
      '--b--',
    );
    expect(textInPieces(octets, []).body).toBe('\na\n0123456789\n');
    expect(textInPieces(octets, [1_000, 5_000_001, octets.length - 20]).body).toBe('\na\n0123456789\n');
  });

  test('of a part that comes octet by octet little is held', () => {
    const parser = new MessageParser({ collectText: true });
    parser.push(message(multipart('mixed'), '--b', 'Content-Type: text/html', '', ''));
    const octet = Buffer.from('-');
    for (let i = 0; i < 3 * limits.delimiterLineOctets; i++) parser.push(octet);
    expect(parser.end().text?.body).toBe(`${'-'.repeat(3 * limits.delimiterLineOctets)}\n`);
  });
});

describe('linear work, whole and octet by octet', () => {
  test.each([
    ['lines', 'text\n'],
    ['line ends', '\r\n'],
    ['lines like delimiters', '--\n'],
    ['one line like a delimiter', '--'],
    ['CR', '\r'],
    ['parts', '--b\nContent-Type: text/html; name=x\n\n<p>y\n'],
    ['nested alternatives', '--b\nContent-Type: multipart/alternative; boundary=b\n\n'],
    ['embedded messages', '--b\nContent-Type: message/rfc822\n\nSubject: =?utf-8?Q?=41?=\n'],
  ])('%s', (_, piece) => {
    const octetsOf = (times: number) => message(multipart('mixed'), '--b', '', piece.repeat(times));
    const whole = (times: number) => countOctets(() => textInPieces(octetsOf(times), []));
    expect(whole(2_000)).toBeLessThan(whole(1_000) * 2.2 + 10_000);
    const singly = (times: number) => {
      const octets = octetsOf(times);
      return countOctets(() => {
        const parser = new MessageParser({ collectText: true });
        for (let i = 0; i < octets.length; i++) parser.push(octets.subarray(i, i + 1));
        parser.end();
      });
    };
    expect(singly(800)).toBeLessThan(singly(400) * 2.2 + 20_000);
  });
});

describe('hardening 35: bodies that are not what they say', () => {
  test.each([
    ['an unknown charset', 'text/plain; charset=x-martian', '8bit', 'caf\xe9', 'café\n'],
    ['a charset of a megabyte', `text/plain; charset=${'x'.repeat(1_000_000)}`, '8bit', 'caf\xe9', 'café\n'],
    ['cut UTF-8', 'text/plain; charset=utf-8', '8bit', 'a\xe2\x82', 'a\ufffd\n'],
    ['UTF-7', 'text/plain; charset=utf-7', '7bit', 'a +AOQ- +', 'a ä \n'],
    ['ISO-2022-JP without its end', 'text/plain; charset=iso-2022-jp', '7bit', '\x1b$B66', '橋\n'],
    ['invalid base64', 'text/plain', 'base64', '!!aGV~~sbG8', 'hello\n'],
    ['no base64 at all', 'text/plain', 'base64', '\xff\xfe\0', '\n'],
    ['invalid quoted-printable', 'text/plain', 'quoted-printable', 'a=zz=', 'a=zz\n'],
    ['uuencode', 'text/plain', 'x-uuencode', 'begin 644 x\n#8V%T\n`\nend', 'cat\n'],
    ['uuencode in the text', 'text/plain', '7bit', 'begin 644 x\n#8V%T\n`\nend', 'begin 644 x\n#8V%T\n`\nend\n'],
    [
      'yEnc',
      'text/plain',
      '8bit',
      '=ybegin line=128 size=1 name=x\r\n\x8b\r\n=yend size=1',
      '=ybegin line=128 size=1 name=x\n‹\n=yend size=1\n',
    ],
    ['an unknown encoding', 'text/plain', 'x-own', 'as it is', 'as it is\n'],
  ])('%s', (_, type, encoding, body, text) => {
    expect(textOf(`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`, '', body).body).toBe(text);
  });

  test('any octets', () => {
    const types = fc.constantFrom(
      'text/plain',
      'text/html; charset=gbk',
      'text/plain; charset=iso-2022-jp',
      'message/rfc822',
    );
    const encodings = fc.constantFrom('base64', 'quoted-printable', 'x-uuencode', '8bit');
    fc.assert(
      fc.property(types, encodings, fc.uint8Array(), fc.array(fc.nat(200)), (type, encoding, body, cuts) => {
        const header = message(`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`, '', '');
        const octets = Buffer.concat([header, body]);
        const places = cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b);
        expect(textInPieces(octets, places)).toEqual(textInPieces(octets, []));
      }),
      { numRuns: 500 },
    );
  });
});

describe('hostile messages keep their text bounded', () => {
  test.each([
    ['hardening 28: 500,000 To fields', 'To: a@b\r\n'.repeat(500_000)],
    ['hardening 28: a million addresses', `To: ${'a@b,'.repeat(1_000_000)}\r\n\r\n`],
    ['hardening 28: a million group nestings', `To: ${'g:'.repeat(1_000_000)}\r\n\r\n`],
    ['hardening 29: a header of 50 MB', `X: ${'y'.repeat(50_000_000)}`],
    ['hardening 29: 10,000 folds', `X: ${'\r\n y'.repeat(10_000)}\r\n\r\n`],
    ['hardening 29: no colon', 'no colon here\r\n'.repeat(10_000)],
    ['hardening 29: only NUL', '\0'.repeat(1_000_000)],
    ['hardening 29: nothing', ''],
    [
      'hardening 30: 100,000 nested multiparts',
      `${multipart('mixed')}\r\n${'--b\nContent-Type: multipart/alternative; boundary=b\n\n'.repeat(100_000)}`,
    ],
    ['hardening 30: 100,000 nested messages', 'Content-Type: message/rfc822\r\n\r\n'.repeat(100_000)],
    ['hardening 30: a million empty parts', `${multipart('mixed')}\r\n${'--b\n'.repeat(1_000_000)}`],
    [
      'hardening 30: a million alternatives',
      `${multipart('alternative')}\r\n${'--b\nContent-Type: text/html\n\n\n'.repeat(100_000)}`,
    ],
    ['hardening 35: an encoded-word of a megabyte', `Subject: =?utf-8?Q?${'=41'.repeat(333_000)}?=\r\n\r\n`],
  ])('%s', (_, hostile) => {
    const { header, body, preview } = textOf(hostile);
    expect(header.length + body.length).toBeLessThanOrEqual(limits.textCharacters);
    expect(header.length).toBeLessThanOrEqual(limits.headerOctets + 10_000);
    expect(preview.length).toBeLessThanOrEqual(2 * limits.previewCharacters);
  });
});

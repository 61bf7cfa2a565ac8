import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arguments } from './arguments.ts';
import { ParseError } from './parse-error.ts';
import { argumentsOf } from './testing/read-all.ts';

type Parse = (args: Arguments) => unknown;

/** Parses one element and the end of the command. */
async function parsed(command: string | Buffer, parse: Parse, utf8 = false): Promise<unknown> {
  const args = await argumentsOf(command, { utf8 });
  const value = parse(args);
  args.end();
  return value;
}

async function kindOfError(command: string | Buffer, parse: Parse, utf8 = false): Promise<string> {
  try {
    return `none, but ${JSON.stringify(await parsed(command, parse, utf8))}`;
  } catch (error) {
    if (error instanceof ParseError) return error.kind;
    throw error;
  }
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

const tag: Parse = (args) => args.tag();
const commandName: Parse = (args) => args.commandName();
const atom: Parse = (args) => args.atom();
const astring: Parse = (args) => args.astring();
const string: Parse = (args) => args.string();
const nstring: Parse = (args) => args.nstring();
const number: Parse = (args) => args.number();
const nzNumber: Parse = (args) => args.nzNumber();
const number64: Parse = (args) => args.number64();
const mailbox: Parse = (args) => args.mailbox();
const mailboxAsGiven: Parse = (args) => args.mailboxAsGiven();
const listMailbox: Parse = (args) => args.listMailbox();
const flag: Parse = (args) => args.flag();
const flags: Parse = (args) => args.flags();
const section: Parse = (args) => args.section();
const partial: Parse = (args) => args.partial();
const dateTime: Parse = (args) => args.dateTime();
const date: Parse = (args) => args.date();
const label: Parse = (args) => args.label();
const uidSet: Parse = (args) => args.uidSet();
const atoms: Parse = (args) => args.list((item) => item.atom());

describe('elements', () => {
  test.each<[Parse, string | Buffer, unknown]>([
    [tag, 'a1', 'a1'],
    [tag, 'A.]~}x', 'A.]~}x'],
    [commandName, 'uid', 'UID'],
    [commandName, '__proto__', '__PROTO__'],
    [atom, 'abc-$1.[', 'abc-$1.['],
    [astring, 'a]b', 'a]b'],
    [astring, '"a b"', 'a b'],
    [astring, '""', ''],
    [astring, '{3+}\r\na\r\n', 'a\r\n'],
    [astring, '{0}\r\n', ''],
    [astring, 'NIL', 'NIL'],
    [string, '"\\"\\\\"', '"\\'],
    [string, '"Größe"', 'Größe'],
    [string, '{7+}\r\nGröße', 'Größe'],
    [nstring, 'nil', null],
    [nstring, '"NIL"', 'NIL'],
    [number, '0', 0],
    [number, '4294967295', 0xffffffff],
    [number, '00010', 10],
    [nzNumber, '1', 1],
    [number64, '0', 0],
    [number64, '9007199254740991', Number.MAX_SAFE_INTEGER],
    [number64, '9007199254740992', Number.MAX_SAFE_INTEGER],
    [number64, '9223372036854775807', Number.MAX_SAFE_INTEGER],
    [number64, `${'0'.repeat(100)}7`, 7],
    [flag, '\\sEEN', '\\Seen'],
    [flag, '\\Recent', '\\Recent'],
    [flag, '\\XYZ', '\\XYZ'],
    [flag, '$Forwarded', '$Forwarded'],
    [flag, 'constructor', 'constructor'],
    [flags, '()', []],
    [flags, '(\\Seen $Junk)', ['\\Seen', '$Junk']],
    [flags, '\\Seen $Junk', ['\\Seen', '$Junk']],
    [flags, '\\Seen ', ['\\Seen']],
    [label, 'rfc822.size', 'RFC822.SIZE'],
    [label, 'X-GM-MSGID', 'X-GM-MSGID'],
    [atoms, '()', []],
    [atoms, '(a b)', ['a', 'b']],
    [partial, '<0.100>', { offset: 0, count: 100 }],
    [partial, '<18446744.9223372036854775807>', { offset: 18446744, count: Number.MAX_SAFE_INTEGER }],
    [partial, '', null],
    [section, '[]', { type: 'body', part: [] }],
    [section, '[1]', { type: 'body', part: [1] }],
    [section, '[1.2.3]', { type: 'body', part: [1, 2, 3] }],
    [section, '[header]', { type: 'header', part: [] }],
    [section, '[4.2.HEADER]', { type: 'header', part: [4, 2] }],
    [section, '[TEXT]', { type: 'text', part: [] }],
    [section, '[4.TEXT]', { type: 'text', part: [4] }],
    [section, '[4.mime]', { type: 'mime', part: [4] }],
    [section, '[HEADER.FIELDS (From "TO")]', { type: 'header-fields', part: [], not: false, names: ['From', 'TO'] }],
    [section, '[2.header.fields.not ({4+}\r\nX-Y?)]', { type: 'header-fields', part: [2], not: true, names: ['X-Y?'] }],
    [(args) => args.sectionBinary(), '[]', []],
    [(args) => args.sectionBinary(), '[1.2]', [1, 2]],
    [dateTime, '" 7-Feb-1994 21:52:25 -0800"', { epochMs: Date.UTC(1994, 1, 8, 5, 52, 25), zoneMinutes: -480 }],
    [date, '1-Feb-1994', Date.UTC(1994, 1, 1)],
    [date, '"01-feb-1994"', Date.UTC(1994, 1, 1)],
    [(args) => args.literal().octets.toString('latin1'), latin1('~{2+}\r\n\0\xff'), '\0\xff'],
    [(args) => args.astringOctets().toString('latin1'), latin1('"\xff"'), '\xff'],
    [(args) => args.skip('+') && args.expect('FLAGS').skip('.SILENT'), '+flags.Silent', true],
    [(args) => args.optional((more) => more.atom()), ' ', null],
    [(args) => args.optional((more) => more.atom()), '', null],
    [(args) => args.optional((more) => more.atom()), ' x', 'x'],
  ])('%s of %j', async (parse, command, value) => {
    expect(await parsed(command, parse)).toEqual(value);
  });

  test.each<[Parse, string | Buffer]>([
    [tag, ''],
    [tag, '+'],
    [tag, '*'],
    [tag, 'é'],
    [atom, ''],
    [atom, '"a"'],
    [atom, 'a]'],
    [atom, 'a{5'],
    [atom, latin1('caf\xe9')],
    [astring, ''],
    [astring, ' a'],
    [astring, '(a)'],
    [astring, 'a\0b'],
    [astring, 'a%'],
    [astring, '{-1}'],
    [astring, '~{1+}\r\na'],
    [astring, '{3+}\r\na\0b'],
    [astring, latin1('"\xff"')],
    [astring, '"a'],
    [astring, '"a\\'],
    [astring, '"a\\"'],
    [astring, '"DOMAIN\\user"'],
    [astring, '"a\0b"'],
    [astring, '"a\rb"'],
    [astring, 'pass{1+}\r\nx'],
    [string, 'atom'],
    [nstring, 'NILS'],
    [nstring, 'atom'],
    [number, '-1'],
    [number, '4294967296'],
    [number, '9'.repeat(400)],
    [number, '1e3'],
    [nzNumber, '0'],
    [nzNumber, '00'],
    [number64, '9223372036854775808'],
    [number64, '10000000000000000000'],
    [number64, '1'.repeat(60_000)],
    [mailbox, '%2e'],
    [mailbox, 'a*'],
    [flag, '\\'],
    [flag, '\\*'],
    [flag, '"a"'],
    [flags, '(\\Seen'],
    [flags, '(\\Seen  \\Draft)'],
    [flags, '( )'],
    [flags, ''],
    [atoms, '(a b) c'],
    [atoms, '((a))'],
    [partial, '<0>'],
    [partial, '<0.0>'],
    [partial, '<0.1'],
    [partial, '<-1.1>'],
    [section, '[0]'],
    [section, '[1.0]'],
    [section, '[1.]'],
    [section, '[.1]'],
    [section, '[1'],
    [section, '[MIME]'],
    [section, '[HEADERS]'],
    [section, '[HEADER.FIELDS]'],
    [section, '[HEADER.FIELDS ()]'],
    [section, '[HEADER.FIELDS ("")]'],
    [section, '[HEADER.FIELDS ("a:")]'],
    [section, '[HEADER.FIELDS ({4+}\r\na\r\nb)]'],
    [section, '[TEXT.1]'],
    [(args) => args.sectionBinary(), '[1.MIME]'],
    [dateTime, '"31-Apr-1994 21:52:25 -0800"'],
    [dateTime, '1-Jan-2000'],
    [date, '30-Feb-2024'],
    [date, '"1-Feb-1994'],
    [uidSet, '1:*'],
    [uidSet, '$'],
    [(args) => args.sp().sp(), ' '],
    [() => null, '  '],
    [() => null, ' {1+}\r\nx'],
  ])('%s of %j is BAD', async (parse, command) => {
    expect(await kindOfError(command, parse)).toBe('syntax');
  });
});

describe('mailbox names', () => {
  test.each<[Parse, string, string, boolean]>([
    [mailbox, 'inBOX', 'INBOX', false],
    [mailbox, '{5+}\r\ninbox', 'INBOX', true],
    [mailbox, 'INBOX/Sub', 'INBOX/Sub', false],
    [mailbox, 'inbo&AVg-', 'inboŘ', false],
    [mailbox, '""', '', false],
    [mailbox, '~peter/mail/&U,BTFw-/&ZeVnLIqe-', '~peter/mail/台北/日本語', false],
    [mailbox, 'R&-D', 'R&D', false],
    [mailbox, 'R&-D', 'R&-D', true],
    [mailbox, '"Gelöscht"', 'Gelöscht', true],
    [mailbox, '../../etc/passwd', '../../etc/passwd', false],
    [mailbox, '"%2e"', '%2e', false],
    [mailbox, '"a*b%"', 'a*b%', false],
    [mailbox, '__proto__', '__proto__', false],
    [listMailbox, '*', '*', false],
    [listMailbox, '%/&ZeVnLIqe-*', '%/日本語*', false],
    [listMailbox, '"" ', '', false],
    [listMailbox, 'inbox', 'inbox', false],
  ])('hardening 45: %s of %j', async (parse, command, name, utf8) => {
    expect(await parsed(command, parse, utf8)).toBe(name);
  });

  test.each<[string | Buffer, boolean]>([
    ['&', false],
    ['&Jjo!', false],
    ['&U,BTFw-&ZeVnLIqe-', false],
    ['&AGE-', false],
    ['&2D0-', false],
    ['"Gelöscht"', false],
    ['"a\tb"', false],
    ['"a\x7fb"', true],
    ['&AAo-', false],
    ['{3+}\r\na\nb', false],
    ['"a\u0085b"', true],
    ['"a\u2028b"', true],
    ['&ICg-', false],
  ])('hardening 14 and 45: %j names no mailbox', async (command, utf8) => {
    expect(await kindOfError(command, mailbox, utf8)).toBe('mailbox-name');
    expect(await kindOfError(command, listMailbox, utf8)).toBe('mailbox-name');
  });

  test('RFC 6855 §3: what is no UTF-8 where it should be is malformed', async () => {
    expect(await kindOfError(latin1('"Gel\xf6scht"'), mailbox, true)).toBe('syntax');
    expect(await kindOfError(latin1('{1+}\r\n\xf6'), listMailbox, true)).toBe('syntax');
  });

  test('INBOX as the client spells it', async () => {
    expect(await parsed('"iNbOx"', mailboxAsGiven)).toBe('iNbOx');
  });
});

describe('structure', () => {
  test('STORE as the guide to our style parses it', async () => {
    const store = (args: Arguments) => {
      const messages = args.sp().sequenceSet();
      const unchangedSince = args.sp().modifier('UNCHANGEDSINCE', (value) => value.modSeq());
      const op = args.skip('+') ? 'add' : args.skip('-') ? 'remove' : 'replace';
      const silent = args.expect('FLAGS').skip('.SILENT');
      return { messages: messages.ranges(9), unchangedSince, op, silent, flags: args.sp().flags() };
    };
    expect(await parsed(' 1:3 (unchangedsince 12121230045) +FLAGS.SILENT (\\Deleted)', store)).toEqual({
      messages: [{ first: 1, last: 3 }],
      unchangedSince: 12121230045,
      op: 'add',
      silent: true,
      flags: ['\\Deleted'],
    });
    expect(await parsed(' * FLAGS \\Seen a', store)).toMatchObject({
      unchangedSince: null,
      op: 'replace',
      flags: ['\\Seen', 'a'],
    });
    expect(await kindOfError(' 1 (UNCHANGEDSINCE 1) (UNCHANGEDSINCE 2) FLAGS a', store)).toBe('syntax');
    expect(await kindOfError(' 1 (CHANGEDSINCE 1) FLAGS a', store)).toBe('syntax');
  });

  test('parameters come in any order, each once, and none but those known', async () => {
    const fetchModifiers = (args: Arguments) =>
      args.optional((more) =>
        more.someParameters({ CHANGEDSINCE: (value) => value.sp().modSeq(), VANISHED: () => true }),
      );
    expect(await parsed(' (vanished changedsince 5)', fetchModifiers)).toEqual({ CHANGEDSINCE: 5, VANISHED: true });
    expect(await parsed('', fetchModifiers)).toBeNull();
    expect(await parsed('()', (args) => args.parameters({ ALL: () => true }))).toEqual({});
    for (const bad of [
      '',
      'VANISHED VANISHED',
      'CONSTRUCTOR',
      '__PROTO__',
      'hasOwnProperty',
      'CHANGEDSINCE',
      'VANISHED 1',
    ]) {
      expect(await kindOfError(` (${bad})`, fetchModifiers), bad).toBe('syntax');
    }
  });

  test('hardening 3: parentheses within parentheses end at the limit', async () => {
    const nest = (args: Arguments): unknown => (args.peek('(') ? args.list(nest) : args.atom());
    expect(await kindOfError(`${'('.repeat(100)}a${')'.repeat(100)}`, nest)).toContain('none');
    expect(await kindOfError(`${'('.repeat(101)}a${')'.repeat(101)}`, nest)).toBe('limit');
    expect(await kindOfError('('.repeat(60_000), nest)).toBe('limit');
    const not = (args: Arguments): unknown => (args.skip('NOT ') ? args.nested(not) : args.atom());
    expect(await kindOfError(`${'NOT '.repeat(10_000)}ALL`, not)).toBe('limit');
    expect(await parsed(`(${'(a) '.repeat(5000)}a)`, nest), 'beside one another they have none').toHaveLength(5001);
  });

  test('a path of part numbers is limited', async () => {
    expect(await kindOfError(`[${'1.'.repeat(99)}1]`, section)).toContain('none');
    expect(await kindOfError(`[${'1.'.repeat(100)}1]`, section)).toBe('limit');
  });

  test('APPEND up to its message, which end() does not pass over', () => {
    const messageLiteral = { size: 310, sync: true, binary: false };
    const parts = {
      texts: [Buffer.from('a APPEND '), Buffer.from(' (\\Seen) ')],
      literals: [{ octets: Buffer.from('inbox'), binary: false }],
    };
    const args = new Arguments(parts, { messageLiteral });
    expect([args.tag(), args.sp().commandName(), args.sp().mailbox()]).toEqual(['a', 'APPEND', 'INBOX']);
    expect(args.peekMessageLiteral()).toBe(false);
    expect(args.sp().flagList()).toEqual(['\\Seen']);
    expect(() => args.messageLiteral()).toThrow(ParseError);
    expect(args.sp().peekMessageLiteral()).toBe(true);
    expect(args.messageLiteral()).toBe(messageLiteral);
    expect(() => args.end()).toThrow(ParseError);
    expect(() => args.astring()).toThrow(ParseError);
  });

  test('an error says nothing of what the client sent', async () => {
    await expect(parsed('"se\0cret', astring)).rejects.toThrow(/^(?!.*cret)/);
  });
});

test('arbitrary commands give a value or a ParseError', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((some) => Buffer.from(some)),
    fc
      .array(
        fc.constantFrom(
          '(',
          ')',
          '"',
          '\\',
          '[',
          ']',
          '<',
          '>',
          '.',
          '1',
          '0',
          '*',
          ':',
          ',',
          '$',
          ' ',
          'NIL',
          'HEADER',
          'FIELDS',
          '&',
          '-',
          'é',
          '\0',
        ),
      )
      .map((some) => Buffer.from(some.join(''))),
  );
  const parses = [
    tag,
    commandName,
    atom,
    astring,
    string,
    nstring,
    number,
    nzNumber,
    number64,
    mailbox,
    listMailbox,
    flag,
    flags,
    section,
    partial,
    dateTime,
    date,
    label,
    uidSet,
    atoms,
  ];
  fc.assert(
    fc.property(
      fc.array(octets, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.constantFrom(...parses)),
      (texts, utf8, order) => {
        const literals = texts.slice(1).map((some) => ({ octets: some, binary: false }));
        const args = new Arguments({ texts, literals }, { utf8 });
        try {
          for (const parse of order) {
            parse(args);
            args.skip(' ');
          }
          args.end();
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      },
    ),
    { numRuns: 2000 },
  );
});

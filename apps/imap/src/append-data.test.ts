import { Arguments, type LiteralHeader } from '@postel/imap-wire';
import { expect, test } from 'vitest';
import { type AppendSegment, type LiteralPlace, parseAppendSegment, takesMessage } from './append-data.ts';

/** As the reader gives it: `{3}` or `~{3}` at the end is the message literal to come. */
function argumentsOf(text: string): Arguments {
  const [whole, tilde, size] = /(~?)\{(\d+)\}$/.exec(text) ?? [];
  if (whole === undefined) return new Arguments({ texts: [Buffer.from(text)], literals: [] });
  const messageLiteral: LiteralHeader = { size: Number(size), sync: true, binary: tilde === '~' };
  return new Arguments({ texts: [Buffer.from(text.slice(0, -whole.length))], literals: [] }, { messageLiteral });
}

function show({ items, next }: AppendSegment): string {
  const shown = items.map((item) => {
    switch (item.type) {
      case 'message': {
        const flags = [item.flags.system, ...item.flags.keywords].join();
        return `${item.isCatenated ? 'catenated' : 'message'}(${flags}${item.date === null ? '' : ',dated'})`;
      }
      case 'literal':
        return `${item.isUtf8 ? 'utf8' : ''}${item.literal.binary ? '~' : ''}${item.literal.size}`;
      case 'url':
        return item.url;
      default:
        return item satisfies never;
    }
  });
  return `${shown.join(' ')} > ${next}`;
}

const DATE = '"17-Jul-1996 02:44:25 -0700"';

test.each<[string, LiteralPlace | null, string]>([
  [' {3}', null, 'message(0) 3 > message'],
  [' ~{3}', null, 'message(0) ~3 > message'],
  [' (\\Seen a) {3}', null, 'message(1,a) 3 > message'],
  [` ${DATE} {3}`, null, 'message(0,dated) 3 > message'],
  [` () ${DATE} CATENATE (TEXT {3}`, null, 'catenated(0,dated) 3 > part'],
  [' utf8 (~{3}', null, 'message(0) utf8~3 > utf8-message'],
  [' catenate (url a URL "b c" text {3}', null, 'catenated(0) a b c 3 > part'],
  [' CATENATE (UTF8 (~{3}', null, 'catenated(0) utf8~3 > utf8-part'],
  [' CATENATE (URL {3}', null, 'catenated(0) > url'],
  [' CATENATE (URL a)', null, 'catenated(0) a > null'],
  [' CATENATE (URL a) {3}', null, 'catenated(0) a message(0) 3 > message'],
  ['', 'message', ' > null'],
  [' ', 'message', ' > null'],
  [' (a) {3}', 'message', 'message(0,a) 3 > message'],
  [')', 'utf8-message', ' > null'],
  [') {3}', 'utf8-message', 'message(0) 3 > message'],
  [')', 'part', ' > null'],
  [' TEXT {3}', 'part', '3 > part'],
  [' URL a) CATENATE (URL b)', 'part', 'a catenated(0) b > null'],
  ['))', 'utf8-part', ' > null'],
  [') URL a TEXT {3}', 'utf8-part', 'a 3 > part'],
])('%j behind %s', (text, behind, expected) => {
  const args = argumentsOf(text);
  expect(show(parseAppendSegment(args, behind))).toBe(expected);
  expect(args.isAtEnd() || args.peekMessageLiteral() || expected.endsWith('url')).toBe(true);
});

test.each<[string, LiteralPlace | null]>([
  ['', null],
  ['{3}', null],
  ['  {3}', null],
  [' (\\Nonsense) {3}', null],
  [' "x" {3}', null],
  [` ${DATE} (a) {3}`, null],
  [' CATENATE ()', null],
  [' CATENATE ( TEXT {3}', null],
  [' CATENATE (TEXT', null],
  [' CATENATE (TEXT "x")', null],
  [' CATENATE (URL)', null],
  [' CATENATE (FILE {3}', null],
  [' CATENATE (URL a', null],
  [' UTF8 ~{3}', null],
  [' UTF8 (', null],
  [' more', 'message'],
  ['{3}', 'message'],
  [')', 'message'],
  ['', 'utf8-message'],
  ['', 'part'],
  [' {3}', 'part'],
  [')', 'utf8-part'],
])('%j behind %s is refused', (text, behind) => {
  expect(() => parseAppendSegment(argumentsOf(text), behind)).toThrow();
});

test.each([
  [' {3}', false], // the mailbox
  [' INBOX {3}', true],
  [' URL {3}', true],
  [' "URL " {3}', true],
  [' INBOX CATENATE (URL {3}', false],
  [' INBOX CATENATE (TEXT {3}', true],
  [' INBOX CATENATE (URL a TEXT {3}', true],
  [' INBOX (URL {3}', true], // malformed, so refused before it comes
  ['{3}', true],
])('the literal of %j is a message or a part of one: %s', (text, expected) => {
  expect(takesMessage(argumentsOf(text), null)).toBe(expected);
});

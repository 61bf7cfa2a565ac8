import type { Arguments } from './arguments.ts';
import { ParseError } from './parse-error.ts';
import type { ResponseWriter } from './response-writer.ts';

/** What BODY[...] asks for: section-spec of RFC 9051 §9. */
export type Section =
  /** The whole message, or the body of one part. */
  | { readonly type: 'body'; readonly part: readonly number[] }
  | { readonly type: 'header'; readonly part: readonly number[] }
  | {
      readonly type: 'header-fields';
      readonly part: readonly number[];
      /** All header fields but these. */
      readonly not: boolean;
      /** As the client wrote them, for the answer repeats them; compared without regard to case. */
      readonly names: readonly string[];
    }
  | { readonly type: 'text'; readonly part: readonly number[] }
  /** The header of a part. */
  | { readonly type: 'mime'; readonly part: readonly number[] };

/** No message has parts nested deeper than this that a person has written. */
const MAX_PART_NUMBERS = 100;

/** ftext of RFC 5322 §3.6.8. */
const FIELD_NAME = /^[\x21-\x39\x3b-\x7e]+$/;

/** Parses `[...]` after BODY or BODY.PEEK. Called as `args.section()`. */
export function parseSection(args: Arguments): Section {
  args.expect('[');
  const section = parseSectionSpec(args);
  args.expect(']');
  return section;
}

/** Parses section-binary, `[1.2]` after BINARY, BINARY.PEEK and BINARY.SIZE. Called as `args.sectionBinary()`. */
export function parseSectionBinary(args: Arguments): readonly number[] {
  args.expect('[');
  const part = parsePart(args);
  args.expect(']');
  return part;
}

function parseSectionSpec(args: Arguments): Section {
  const part = parsePart(args);
  if (args.peek(']')) return { type: 'body', part };
  if (part.length > 0) args.expect('.');
  // The longest first: each begins with the next.
  if (args.skip('HEADER.FIELDS.NOT')) return { type: 'header-fields', part, not: true, names: parseNames(args) };
  if (args.skip('HEADER.FIELDS')) return { type: 'header-fields', part, not: false, names: parseNames(args) };
  if (args.skip('HEADER')) return { type: 'header', part };
  if (args.skip('TEXT')) return { type: 'text', part };
  if (part.length > 0 && args.skip('MIME')) return { type: 'mime', part };
  throw new ParseError('Unknown section');
}

/** Reads the numbers and the dots between them, but not a dot before HEADER, TEXT or MIME. */
function parsePart(args: Arguments): readonly number[] {
  const part: number[] = [];
  while (args.peekDigit(part.length > 0 ? '.' : '')) {
    if (part.length === MAX_PART_NUMBERS) throw new ParseError('Too many part numbers in section', 'limit');
    args.skip('.');
    part.push(args.nzNumber());
  }
  return part;
}

function parseNames(args: Arguments): readonly string[] {
  const names = args.sp().list((item) => {
    const name = item.astring();
    if (!FIELD_NAME.test(name)) throw new ParseError('Invalid header field name');
    return name;
  });
  if (names.length === 0) throw new ParseError('Empty list of header field names');
  return names;
}

/** Writes a section as FETCH responses repeat it, such as `[1.HEADER.FIELDS (From To)]`. */
export function writeSection(writer: ResponseWriter, section: Section): void {
  writer.text('[').text(section.part.join('.'));
  if (section.part.length > 0 && section.type !== 'body') writer.text('.');
  switch (section.type) {
    case 'body':
      break;
    case 'header':
      writer.text('HEADER');
      break;
    case 'text':
      writer.text('TEXT');
      break;
    case 'mime':
      writer.text('MIME');
      break;
    case 'header-fields': {
      writer.text(section.not ? 'HEADER.FIELDS.NOT' : 'HEADER.FIELDS');
      let separator = ' (';
      for (const name of section.names) {
        writer.text(separator).astring(name);
        separator = ' ';
      }
      writer.text(')');
      break;
    }
    default:
      section satisfies never;
  }
  writer.text(']');
}

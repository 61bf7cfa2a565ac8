import { type Arguments, ParseError, type Partial, type Section } from '@postel/imap-wire';

/** One data item of FETCH (RFC 9051 §6.4.5). */
export type FetchItem =
  | { readonly type: SimpleItem }
  /** RFC 8970 §3; lazy: NIL if it is not at hand. */
  | { readonly type: 'preview'; readonly isLazy: boolean }
  | {
      readonly type: 'section';
      readonly section: Section;
      readonly partial: Partial | null;
      readonly name: SectionName;
    }
  /** A part, all of the message if it has no number, without its content transfer encoding: RFC 3516 §4.2. */
  | { readonly type: 'binary'; readonly part: readonly number[]; readonly partial: Partial | null }
  | { readonly type: 'binary-size'; readonly part: readonly number[] };

/** Items that are told of a message as it is read. SAVEDATE: RFC 8514 §4.2; EMAILID and THREADID: RFC 8474 §5.3. The last is ours. */
type SimpleItem =
  | 'uid'
  | 'flags'
  | 'modseq'
  | 'internaldate'
  | 'savedate'
  | 'size'
  | 'envelope'
  | 'bodystructure'
  | 'body'
  | 'emailid'
  | 'threadid'
  | 'received-envelope';

/** RFC822 and its kin are sections with another name in the answer (RFC 3501 §6.4.5). */
type SectionName = 'BODY' | 'RFC822' | 'RFC822.HEADER' | 'RFC822.TEXT';

export interface FetchItems {
  readonly items: readonly FetchItem[];
  /** An item was asked for that sets \Seen. */
  readonly setsSeen: boolean;
}

const FAST: readonly FetchItem[] = [{ type: 'flags' }, { type: 'internaldate' }, { type: 'size' }];
const MACROS = new Map<string, readonly FetchItem[]>([
  ['FAST', FAST],
  ['ALL', [...FAST, { type: 'envelope' }]],
  ['FULL', [...FAST, { type: 'envelope' }, { type: 'body' }]],
]);

const SIMPLE = new Map<string, SimpleItem>([
  ['UID', 'uid'],
  ['FLAGS', 'flags'],
  ['MODSEQ', 'modseq'],
  ['INTERNALDATE', 'internaldate'],
  ['SAVEDATE', 'savedate'],
  ['RFC822.SIZE', 'size'],
  ['ENVELOPE', 'envelope'],
  ['BODYSTRUCTURE', 'bodystructure'],
  ['EMAILID', 'emailid'],
  ['THREADID', 'threadid'],
  ['X-POSTEL-ENVELOPE', 'received-envelope'],
]);

/** Items in one command; each may cost a section of every message. */
const MAX_ITEMS = 100;

/** Parses what to fetch: a macro, an item, or a list of items. UID is added for UID FETCH (RFC 9051 §6.4.9). */
export function parseFetchItems(args: Arguments, kind: 'sequence' | 'uid'): FetchItems {
  const parsed = args.peek('(') ? args.list((item) => parseItem(item, item.label())) : parseMacroOrItem(args);
  if (parsed.length === 0) throw new ParseError('Nothing to fetch');
  const items = withoutRepetition(parsed.flatMap((one) => one.items));
  if (items.length > MAX_ITEMS) throw new ParseError('Too many items to fetch', 'limit');
  if (kind === 'uid' && !items.some(({ type }) => type === 'uid')) items.unshift({ type: 'uid' });
  return { items, setsSeen: parsed.some(({ setsSeen }) => setsSeen) };
}

/** Items that may be asked for more than once in one command, each time of another section. */
const isOfSection = (type: FetchItem['type']): boolean =>
  type === 'section' || type === 'binary' || type === 'binary-size';

/** What else stands twice is told once. */
function withoutRepetition(items: readonly FetchItem[]): FetchItem[] {
  const seen = new Set<FetchItem['type']>();
  return items.filter(({ type }) => isOfSection(type) || (!seen.has(type) && seen.add(type)));
}

/** A macro stands alone, not in a list (RFC 9051 §6.4.5). */
function parseMacroOrItem(args: Arguments): FetchItems[] {
  const label = args.label();
  const macro = MACROS.get(label);
  return [macro === undefined ? parseItem(args, label) : quiet(...macro)];
}

function parseItem(args: Arguments, label: string): FetchItems {
  const simple = SIMPLE.get(label);
  if (simple !== undefined) return quiet({ type: simple });
  switch (label) {
    case 'BODY':
      if (!args.peek('[')) return quiet({ type: 'body' });
      return { items: [sectionOf(args)], setsSeen: true };
    case 'BODY.PEEK':
      return quiet(sectionOf(args));
    case 'BINARY':
      return { items: [binaryOf(args)], setsSeen: true };
    case 'BINARY.PEEK':
      return quiet(binaryOf(args));
    case 'BINARY.SIZE':
      return quiet({ type: 'binary-size', part: args.sectionBinary() });
    case 'PREVIEW':
      return quiet({ type: 'preview', isLazy: args.skip(' (') ? parseLazy(args) : false });
    case 'RFC822':
      return { items: [whole('RFC822', { type: 'body', part: [] })], setsSeen: true };
    case 'RFC822.HEADER':
      return quiet(whole('RFC822.HEADER', { type: 'header', part: [] }));
    case 'RFC822.TEXT':
      return { items: [whole('RFC822.TEXT', { type: 'text', part: [] })], setsSeen: true };
    default:
      throw new ParseError('Unknown FETCH item');
  }
}

/** `LAZY)`, which may stand there more than once (RFC 8970 §6). */
function parseLazy(args: Arguments): boolean {
  do args.expect('LAZY');
  while (args.skip(' '));
  args.expect(')');
  return true;
}

const quiet = (...items: readonly FetchItem[]): FetchItems => ({ items, setsSeen: false });

function sectionOf(args: Arguments): FetchItem {
  const section = args.section();
  return { type: 'section', section, partial: args.partial(), name: 'BODY' };
}

function binaryOf(args: Arguments): FetchItem {
  const part = args.sectionBinary();
  return { type: 'binary', part, partial: args.partial() };
}

function whole(name: SectionName, section: Section): FetchItem {
  return { type: 'section', section, partial: null, name };
}

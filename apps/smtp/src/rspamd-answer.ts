import { RSPAMD_FIELD_CHARACTERS, RSPAMD_FIELDS, RSPAMD_SYMBOLS, RSPAMD_TEXT_CHARACTERS } from './limits.ts';

/** What Rspamd says of a message: https://rspamd.com/doc/developers/protocol.html, Rspamd HTTP reply. */
export interface RspamdAnswer {
  /** In Rspamd's words. */
  readonly action: string;
  readonly advice: Advice;
  readonly score: number;
  /** From which on it would refuse; null if it never does. */
  readonly requiredScore: number | null;
  /** What it found, what weighs most first. */
  readonly symbols: readonly string[];
  /** Header fields that it wants added, each with its CRLF. */
  readonly fields: string;
  /** What it wants the client to be told; null for nothing. */
  readonly text: string | null;
}

/** What comes of an action here. */
type Advice = 'take' | 'junk' | 'defer' | 'reject';

/**
 * `greylist` is no more than a score: where messages are held back for a first time, the module that does it says `soft reject`. What
 * the operator has made up besides is taken. Nothing that was accepted is thrown away, so `discard` refuses too.
 */
const ADVICE: ReadonlyMap<string, Advice> = new Map([
  ['no action', 'take'],
  ['greylist', 'take'],
  ['add header', 'junk'],
  ['rewrite subject', 'junk'],
  ['quarantine', 'junk'],
  ['soft reject', 'defer'],
  ['reject', 'reject'],
  ['discard', 'reject'],
]);

const ACTION = /^[a-z_ ]{1,40}$/;
const SYMBOL = /^[\w.-]{1,64}$/;
/** Those that say who sent a message, and all that mean something to servers, are not Rspamd's to add. */
const ADDED_FIELD = /^X-(?!Spam-Status$|Postel-)[A-Za-z0-9-]{1,60}$/i;
const NOT_PRINTABLE = /[^ -~]/g;
const LINE_CHARACTERS = 900;
const MOST_SCORE = 99_999;

/** Null if it makes no sense. */
export function readRspamdAnswer(json: unknown): RspamdAnswer | null {
  const answer = membersOf(json);
  const action = answer.get('action');
  if (typeof action !== 'string' || !ACTION.test(action)) return null;
  const text = membersOf(answer.get('messages')).get('smtp_message');
  return {
    action,
    advice: ADVICE.get(action) ?? 'take',
    score: readScore(answer.get('score')) ?? 0,
    requiredScore: readScore(answer.get('required_score')),
    symbols: readSymbols(answer.get('symbols')),
    fields: readFields(membersOf(answer.get('milter')).get('add_headers')),
    text: typeof text === 'string' && text !== '' ? printable(text).slice(0, RSPAMD_TEXT_CHARACTERS) : null,
  };
}

/** The field by which mail programs know what a filter thinks, as SpamAssassin writes it. */
export function spamStatusField({ advice, score, requiredScore, symbols }: RspamdAnswer): string {
  const verdict = advice === 'junk' || advice === 'reject' ? 'Yes' : 'No';
  const required = requiredScore === null ? '' : ` required=${requiredScore.toFixed(2)}`;
  const tests = symbols.length === 0 ? 'none' : symbols.join(',\r\n\t');
  return `X-Spam-Status: ${verdict}, score=${score.toFixed(2)}${required}\r\n\ttests=${tests}\r\n`;
}

function readScore(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Math.max(-MOST_SCORE, Math.min(MOST_SCORE, value));
}

function readSymbols(value: unknown): readonly string[] {
  return [...membersOf(value)]
    .filter(([name]) => SYMBOL.test(name))
    .map(([name, symbol]) => ({ name, weight: Math.abs(readScore(membersOf(symbol).get('score')) ?? 0) }))
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, RSPAMD_SYMBOLS)
    .map(({ name }) => name);
}

/** Of each name one value or several, each a text or `{ value, order }`. */
function readFields(value: unknown): string {
  return [...membersOf(value)]
    .filter(([name]) => ADDED_FIELD.test(name))
    .flatMap(([name, values]) => [values].flat().map((each) => ({ name, text: readFieldValue(each) })))
    .filter(({ text }) => text !== '')
    .slice(0, RSPAMD_FIELDS)
    .map(({ name, text }) => `${name}: ${text}\r\n`)
    .join('');
}

/** Folded where it was. */
function readFieldValue(value: unknown): string {
  const text = typeof value === 'string' ? value : membersOf(value).get('value');
  if (typeof text !== 'string') return '';
  return text
    .slice(0, RSPAMD_FIELD_CHARACTERS)
    .split(/[\r\n]+/)
    .map((line) => printable(line).trim().slice(0, LINE_CHARACTERS))
    .filter((line) => line !== '')
    .join('\r\n\t');
}

function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(NOT_PRINTABLE, '?');
}

/** Of a JSON object; none of anything else. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

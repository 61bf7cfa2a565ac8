import { RESULTS_FIELD_OCTETS } from './limits.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const NAME_START = 'authentication-results';
const EMPTY = Buffer.alloc(0);

/**
 * Removes Authentication-Results fields that bear our name from a message as it passes (RFC 8601 §5): whoever sent it cannot
 * have them from us, and programs would believe them.
 */
export class OwnResultsFilter {
  readonly #hostname: string;
  removed = 0;
  /** The beginning of a line whose end has not come. */
  #line = EMPTY;
  /** The lines of a field that may be ours. */
  #field: Buffer[] = [];
  #isInHeader = true;
  /** The line that has begun has passed so far, and so does its rest. */
  #isPassing = false;

  /** @param hostname our authserv-id */
  constructor(hostname: string) {
    this.#hostname = hostname.toLowerCase();
  }

  /** @returns what may pass now */
  push(piece: Buffer): Buffer {
    if (!this.#isInHeader) return piece;
    const octets = this.#line.length === 0 ? piece : Buffer.concat([this.#line, piece]);
    const passed: Buffer[] = [];
    let at = this.#isPassing ? this.#passRest(octets, passed) : 0;
    while (this.#isInHeader && !this.#isPassing) {
      const end = octets.indexOf(LF, at) + 1;
      if (end === 0) break;
      this.#takeLine(octets.subarray(at, end), passed);
      at = end;
    }
    if (this.#isInHeader && !this.#isPassing) this.#beginLine(octets.subarray(at), passed);
    else passed.push(octets.subarray(at));
    return Buffer.concat(passed);
  }

  /** What is left at the end of a message. */
  finish(): Buffer {
    const passed: Buffer[] = [];
    if (this.#isInHeader && !this.#isPassing) {
      this.#takeLine(this.#line, passed);
      this.#endField(passed);
    }
    return Buffer.concat(passed);
  }

  /** @returns where the next line begins */
  #passRest(octets: Buffer, passed: Buffer[]): number {
    const end = octets.indexOf(LF) + 1;
    if (end === 0) return 0;
    passed.push(octets.subarray(0, end));
    this.#isPassing = false;
    return end;
  }

  /** Holds the beginning of a line as long as it may be one of ours. */
  #beginLine(line: Buffer, passed: Buffer[]): void {
    const start = line.toString('latin1', 0, NAME_START.length).toLowerCase();
    const isFolded = (line[0] === SPACE || line[0] === TAB) && this.#field.length > 0;
    const mayEndHeader = line[0] === CR && line.length === 1;
    if (isFolded || mayEndHeader || NAME_START.startsWith(start)) {
      this.#line = Buffer.from(line);
      return;
    }
    this.#line = EMPTY;
    this.#endField(passed);
    passed.push(line);
    this.#isPassing = true;
  }

  #takeLine(line: Buffer, passed: Buffer[]): void {
    const isFolded = line[0] === SPACE || line[0] === TAB;
    if (isFolded && this.#field.length > 0) {
      this.#field.push(Buffer.from(line));
      return;
    }
    this.#endField(passed);
    if (isResultsField(line)) this.#field.push(Buffer.from(line));
    else passed.push(line);
    this.#isInHeader = line[0] !== LF && !(line[0] === CR && line[1] === LF);
  }

  #endField(passed: Buffer[]): void {
    if (this.#field.length === 0) return;
    if (this.#isOurs()) this.removed++;
    else passed.push(...this.#field);
    this.#field = [];
  }

  /** So is what cannot be made sense of: a program may make some of it. */
  #isOurs(): boolean {
    const field = Buffer.concat(this.#field);
    if (field.length > RESULTS_FIELD_OCTETS) return true;
    const text = field.toString('latin1');
    const id = authservId(text.slice(text.indexOf(':') + 1));
    return id === null || id === this.#hostname;
  }
}

/** White space of any length may stand before the colon (RFC 5322 §4.5). */
function isResultsField(line: Buffer): boolean {
  const { length } = NAME_START;
  return (
    line.toString('latin1', 0, length).toLowerCase() === NAME_START && /^[ \t]*:/.test(line.toString('latin1', length))
  );
}

/** RFC 8601 §2.2: the first word behind comments, in lower case; null if there is none. */
function authservId(value: string): string | null {
  let depth = 0;
  for (let at = 0; at < value.length; at++) {
    const octet = value[at] ?? '';
    if (octet === '\\' && depth > 0) at++;
    else if (octet === '(') depth++;
    else if (octet === ')' && depth > 0) depth--;
    else if (depth === 0 && !' \t\r\n'.includes(octet)) return firstWord(value.slice(at));
  }
  return null;
}

function firstWord(text: string): string | null {
  const quoted = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(text)?.[1];
  const word = quoted?.replace(/\\([\s\S])/g, '$1') ?? /^[^\s;()"]+/.exec(text)?.[0];
  return word?.toLowerCase() ?? null;
}

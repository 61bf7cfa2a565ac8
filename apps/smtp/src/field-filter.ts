import type { Content } from '@postel/storage';
import type { MessageWriter } from './submitted-message.ts';

const LF = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Removes fields of certain names from the header section of a message as it passes. Of a line it holds no more than a name. */
export class FieldFilter {
  readonly #names: readonly string[];
  readonly #longestName: number;
  /** The beginning of a line that may be one of them. */
  #held = EMPTY;
  #isInHeader = true;
  #isAtLineStart = true;
  #isRemoving = false;

  /** @param names in lower case */
  constructor(names: Iterable<string>) {
    this.#names = [...names];
    this.#longestName = Math.max(...this.#names.map((name) => name.length));
  }

  /** @returns what may pass now */
  push(piece: Buffer): Buffer {
    if (!this.#isInHeader) return piece;
    const octets = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = EMPTY;
    const passed: Buffer[] = [];
    for (let at = 0; at < octets.length && this.#held.length === 0; ) {
      if (this.#isAtLineStart) this.#beginLine(octets.subarray(at));
      if (this.#held.length > 0) break;
      const lineFeed = this.#isInHeader ? octets.indexOf(LF, at) : -1;
      const end = lineFeed === -1 ? octets.length : lineFeed + 1;
      if (!this.#isRemoving) passed.push(octets.subarray(at, end));
      this.#isAtLineStart = lineFeed !== -1;
      at = end;
    }
    return Buffer.concat(passed);
  }

  /** What is left at the end of a message. */
  finish(): Buffer {
    return this.#held;
  }

  #beginLine(octets: Buffer): void {
    const start = octets.toString('latin1', 0, this.#longestName + 1).toLowerCase();
    if (start.startsWith(' ') || start.startsWith('\t')) return; // the line before goes on
    if (this.#names.some((name) => name.startsWith(start))) {
      this.#held = Buffer.from(octets);
      return;
    }
    this.#isInHeader = !start.startsWith('\r') && !start.startsWith('\n');
    this.#isRemoving = this.#names.some((name) => start.startsWith(name) && ': \t'.includes(start.charAt(name.length)));
  }
}

/** A message on its way to another writer, which does not get these fields. @param names in lower case */
export function withoutFields(writer: MessageWriter, names: Iterable<string>): MessageWriter {
  const filter = new FieldFilter(names);
  const pass = async (octets: Buffer) => {
    if (octets.length > 0) await writer.write(octets);
  };
  return {
    write: (piece) => pass(filter.push(piece)),
    async finish(): Promise<Content> {
      await pass(filter.finish());
      return await writer.finish();
    },
    abort: () => writer.abort(),
  };
}

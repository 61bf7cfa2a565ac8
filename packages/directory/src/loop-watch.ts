import { parseAddress } from './address.ts';

const LF = 0x0a;
const CR = 0x0d;
const FIELD = /^delivered-to[ \t]*:(.*)$/i;
/** An address, and the field's name; what is longer names no address of ours. */
const FIELD_OCTETS = 400;

/**
 * Looks in a message that passes for the aliases that it is for: one with a Delivered-To field of ours has come by it before
 * (RFC 9228 §4), and would do so for ever.
 */
export class LoopWatch {
  hasLoop = false;
  readonly #aliases: ReadonlySet<string>;
  #line = '';
  #isInHeader = true;

  /** @param aliases canonical addresses */
  constructor(aliases: ReadonlySet<string>) {
    this.#aliases = aliases;
  }

  push(piece: Buffer): void {
    for (let at = 0; this.#isInHeader && at < piece.length; ) {
      const lineFeed = piece.indexOf(LF, at);
      const end = lineFeed === -1 ? piece.length : lineFeed + 1;
      const missing = FIELD_OCTETS - this.#line.length;
      if (missing > 0) this.#line += piece.toString('latin1', at, Math.min(end, at + missing));
      if (lineFeed !== -1) this.#endLine();
      at = end;
    }
  }

  #endLine(): void {
    const first = this.#line.charCodeAt(0);
    this.#isInHeader = first !== CR && first !== LF;
    const [, value] = FIELD.exec(this.#line.trimEnd()) ?? [];
    this.#line = '';
    const address = value === undefined ? null : parseAddress(Buffer.from(value.trim(), 'latin1').toString());
    if (address === null) return;
    // As a domain has it that tells cases apart, and as others do.
    const { localPart, writtenPart, domain } = address;
    this.hasLoop ||= [localPart, writtenPart].some((part) => this.#aliases.has(`${part}@${domain}`));
  }
}

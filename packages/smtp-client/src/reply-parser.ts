import { SmtpError } from './smtp-error.ts';

/** RFC 5321 §4.2. */
export interface SmtpReply {
  readonly code: number;
  /** What follows the code, of each line. */
  readonly lines: readonly string[];
}

/** Of a reply that is shown, which is more than anybody reads. */
const SHOWN_CHARACTERS = 1_000;

/** A reply as people may see it: a server has no business with their terminal, nor with all the room of a report or log. */
export function textOf({ code, lines }: SmtpReply): string {
  return `${code} ${lines.join(' ')}`.slice(0, SHOWN_CHARACTERS).replace(/[\p{Cc}\p{Cf}]/gu, '?');
}

/** RFC 5321 §4.5.3.1.5 has 512 octets; challenges of SASL may be longer (RFC 4954 §4). */
const MAX_LINE_OCTETS = 16_384;
const MAX_LINES = 200;
const MAX_REPLY_OCTETS = 64 * 1024;

const LF = 0x0a;
const LINE = /^([2-5][0-9]{2})(?:([ -])(.*))?$/;

/** Puts replies together from octets as they come. */
export class ReplyParser {
  #rest = Buffer.alloc(0);
  #code = '';
  #lines: string[] = [];
  #octets = 0;

  push(octets: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, octets]);
  }

  /** Octets have come that belong to no reply yet taken. */
  get hasMore(): boolean {
    return this.#rest.length > 0 || this.#lines.length > 0;
  }

  /** The next reply, null if it is not all there. @throws {SmtpError} 'protocol' */
  take(): SmtpReply | null {
    for (;;) {
      const end = this.#rest.indexOf(LF);
      if (end > MAX_LINE_OCTETS || (end === -1 && this.#rest.length > MAX_LINE_OCTETS)) throw notSmtp();
      if (end === -1) return null;
      this.#octets += end;
      if (this.#octets > MAX_REPLY_OCTETS) throw notSmtp();
      const line = this.#rest.toString('utf8', 0, end).replace(/\r$/, '');
      this.#rest = this.#rest.subarray(end + 1);
      const reply = this.#add(line);
      if (reply !== null) return reply;
    }
  }

  #add(line: string): SmtpReply | null {
    const [, code = '', separator = ' ', text = ''] = LINE.exec(line) ?? [];
    if (code === '' || (this.#code !== '' && code !== this.#code) || this.#lines.length === MAX_LINES) throw notSmtp();
    this.#code = code;
    this.#lines.push(text);
    if (separator === '-') return null;
    const reply = { code: Number(code), lines: this.#lines };
    this.#code = '';
    this.#lines = [];
    this.#octets = 0;
    return reply;
  }
}

function notSmtp(): SmtpError {
  return new SmtpError('protocol', 'What answers there does not speak SMTP');
}

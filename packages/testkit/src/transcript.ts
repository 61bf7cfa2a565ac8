/** Whom a transcript is played with: a client that sends what it is told, and knows where an answer of its protocol ends. */
export interface TranscriptPeer {
  /** What was said, for the message of a test that fails. */
  readonly history: string[];
  send(text: string): void;
  /** The next line without its CRLF; null if the server has closed instead. */
  line(): Promise<string | null>;
  /** Whether the answer to a command ends with this line. */
  endsAnswer(line: string): boolean;
  failure(message: string): Error;
}

type Step =
  | { readonly type: 'send'; readonly lines: readonly string[] }
  | { readonly type: 'expect'; readonly line: string }
  /** Lines up to one that the next step expects, or to the end of the answer. */
  | { readonly type: 'any-lines' }
  | { readonly type: 'closed' };

/** A name to be taken or filled in; `{12}` announces a literal and is text. */
const NAME = /\{([a-z]\w*)\}/g;

/** A dialogue as the RFCs print them; see LineClient.dialogue. */
export class Transcript {
  readonly #steps: readonly Step[];
  readonly #taken: Record<string, string> = {};

  constructor(text: string) {
    const steps: Step[] = [];
    for (const line of text.split('\n').map((padded) => padded.trimStart())) {
      if (line === '') continue;
      const step = parseStep(line);
      const previous = steps.at(-1);
      if (step.type === 'send' && previous?.type === 'send') {
        steps[steps.length - 1] = { type: 'send', lines: [...previous.lines, ...step.lines] };
      } else {
        steps.push(step);
      }
    }
    this.#steps = steps;
  }

  async play(client: TranscriptPeer): Promise<Readonly<Record<string, string>>> {
    for (let i = 0; i < this.#steps.length; i++) {
      const step = this.#steps[i];
      if (step === undefined) break;
      switch (step.type) {
        case 'send': {
          const lines = step.lines.map((line) => this.#filledIn(line));
          client.history.push(...lines.map((line) => `C: ${line}`));
          client.send(lines.map((line) => `${line}\r\n`).join(''));
          break;
        }
        case 'closed': {
          const line = await client.line();
          if (line !== null) throw client.failure('the server went on where it should have closed');
          break;
        }
        case 'expect':
          this.#match(step.line, await client.line(), client);
          break;
        case 'any-lines': {
          const next = this.#steps[i + 1];
          if (next?.type === 'expect') i++;
          await this.#skip(client, next?.type === 'expect' ? next.line : null);
          break;
        }
        default:
          step satisfies never;
      }
    }
    return this.#taken;
  }

  async #skip(client: TranscriptPeer, until: string | null): Promise<void> {
    for (;;) {
      const line = await client.line();
      if (line === null) throw client.failure(`the server closed before ${until ?? 'the end of its answer'}`);
      if (until === null ? client.endsAnswer(line) : this.#matches(until, line)) return;
    }
  }

  #match(pattern: string, line: string | null, client: TranscriptPeer): void {
    if (line === null || !this.#matches(pattern, line)) {
      throw client.failure(`expected  S: ${this.#filledIn(pattern)}\n     got  S: ${line ?? '(closed)'}`);
    }
  }

  #matches(pattern: string, line: string): boolean {
    const names: string[] = [];
    const source = this.#filledIn(pattern)
      .replace(NAME, (_, name: string) => {
        names.push(name);
        return '\0';
      })
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replaceAll('\\.\\.\\.', '.*')
      .replaceAll('\0', '(.+?)');
    const match = new RegExp(`^${source}$`).exec(line);
    if (match === null) return false;
    names.forEach((name, i) => {
      this.#taken[name] = match[i + 1] ?? '';
    });
    return true;
  }

  #filledIn(text: string): string {
    return text.replace(NAME, (whole, name: string) => this.#taken[name] ?? whole);
  }
}

function parseStep(line: string): Step {
  if (line === 'S: ...') return { type: 'any-lines' };
  if (line === 'S: (closed)') return { type: 'closed' };
  // Alone: an empty line.
  if (line === 'S:') return { type: 'expect', line: '' };
  if (line === 'C:') return { type: 'send', lines: [''] };
  if (line.startsWith('S: ')) return { type: 'expect', line: line.slice(3) };
  if (line.startsWith('C: ')) return { type: 'send', lines: [line.slice(3)] };
  throw new Error(`A line of a transcript begins with "C: " or "S: ", not as ${JSON.stringify(line)}`);
}

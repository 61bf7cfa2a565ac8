import type { SmtpClient } from './smtp-client.ts';

type Step =
  | { readonly type: 'send'; readonly text: string }
  | { readonly type: 'expect'; readonly line: string }
  /** Lines up to one that the next step expects, or to the end of the reply. */
  | { readonly type: 'any-lines' }
  | { readonly type: 'closed' };

/** A dialogue as the RFCs print them; see SmtpClient.dialogue. */
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
        steps[steps.length - 1] = { type: 'send', text: previous.text + step.text };
      } else {
        steps.push(step);
      }
    }
    this.#steps = steps;
  }

  async play(client: SmtpClient): Promise<Readonly<Record<string, string>>> {
    for (let i = 0; i < this.#steps.length; i++) {
      const step = this.#steps[i];
      if (step === undefined) break;
      if (step.type === 'send') {
        client.send(this.#filledIn(step.text));
      } else if (step.type === 'closed') {
        const line = await client.line();
        if (line !== null)
          throw new Error(`the server went on with ${JSON.stringify(line)} where it should have closed`);
      } else if (step.type === 'expect') {
        this.#match(step.line, await client.line());
      } else {
        const next = this.#steps[i + 1];
        if (next?.type === 'expect') i++;
        await this.#skip(client, next?.type === 'expect' ? next.line : null);
      }
    }
    return this.#taken;
  }

  async #skip(client: SmtpClient, until: string | null): Promise<void> {
    for (;;) {
      const line = await client.line();
      if (line === null) throw new Error(`the server closed before ${until ?? 'the end of its reply'}`);
      if (until === null ? line[3] !== '-' : this.#matches(until, line)) return;
    }
  }

  #match(pattern: string, line: string | null): void {
    if (line === null || !this.#matches(pattern, line)) {
      throw new Error(`expected  S: ${this.#filledIn(pattern)}\n     got  S: ${line ?? '(closed)'}`);
    }
  }

  #matches(pattern: string, line: string): boolean {
    const names: string[] = [];
    const source = this.#filledIn(pattern)
      .replace(/[\\^$.*+?()[\]|]/g, '\\$&')
      .replaceAll('\\.\\.\\.', '.*')
      .replace(/\{(\w+)\}/g, (_, name: string) => {
        names.push(name);
        return '(.+?)';
      });
    const match = new RegExp(`^${source}$`).exec(line);
    if (match === null) return false;
    names.forEach((name, i) => {
      this.#taken[name] = match[i + 1] ?? '';
    });
    return true;
  }

  #filledIn(text: string): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => this.#taken[name] ?? whole);
  }
}

function parseStep(line: string): Step {
  if (line === 'S: ...') return { type: 'any-lines' };
  if (line === 'S: (closed)') return { type: 'closed' };
  if (line.startsWith('S: ')) return { type: 'expect', line: line.slice(3) };
  // Alone: an empty line.
  if (line === 'C:') return { type: 'send', text: '\r\n' };
  if (line.startsWith('C: ')) return { type: 'send', text: `${line.slice(3)}\r\n` };
  throw new Error(`A line of a transcript begins with "C: " or "S: ", not as ${JSON.stringify(line)}`);
}

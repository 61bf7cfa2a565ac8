import { Connection, type Endpoint } from './connection.ts';

export interface ImapAnswer {
  readonly isOk: boolean;
  /** The tagged line without its tag. */
  readonly tagged: string;
  readonly untagged: readonly UntaggedLine[];
}

interface UntaggedLine {
  readonly text: string;
  /** What a literal in it holds; one at most. */
  readonly literal: Buffer | null;
}

export interface Login {
  readonly name: string;
  readonly password: string;
}

/** The answer to COPY and MOVE (RFC 4315 §3): where each message of the source is now. */
export type CopyUid = ReadonlyMap<number, number>;

/** An IMAP connection of somebody who is logged in. A connection that ends throws ConnectionEnded from any of its methods. */
export class ImapSession implements Disposable {
  readonly #connection: Connection;
  #nextTag = 1;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @returns null if the server says that it cannot now */
  static async open(endpoint: Endpoint, { name, password }: Login): Promise<ImapSession | null> {
    const session = new ImapSession(await Connection.open(endpoint));
    try {
      await session.#connection.line(); // the greeting
      const { isOk } = await session.command(`LOGIN ${name} ${password}`);
      if (isOk) return session;
    } catch (error) {
      session[Symbol.dispose]();
      throw error;
    }
    session[Symbol.dispose]();
    return null;
  }

  async command(text: string): Promise<ImapAnswer> {
    const tag = this.#tag();
    this.#connection.send(`${tag} ${text}\r\n`);
    return await this.#answer(tag);
  }

  /**
   * APPEND, or REPLACE.
   *
   * @param command up to the flags
   * @param messages more than one only for APPEND (RFC 3502)
   * @param waits for the server's leave to send each message (RFC 9051 §4.3), or sends it at once (RFC 7888)
   */
  async upload(
    command: string,
    flags: string,
    messages: readonly Buffer[],
    { waits }: { waits: boolean },
  ): Promise<ImapAnswer> {
    const tag = this.#tag();
    this.#connection.send(`${tag} ${command}`);
    for (const message of messages) {
      this.#connection.send(` (${flags}) {${message.length}${waits ? '' : '+'}}\r\n`);
      for (let line = ''; waits && !line.startsWith('+'); ) {
        line = await this.#connection.line();
        if (line.startsWith(`${tag} `)) return answer(line, []);
      }
      this.#connection.send(message);
    }
    this.#connection.send('\r\n');
    return await this.#answer(tag);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #tag(): string {
    return `t${this.#nextTag++}`;
  }

  async #answer(tag: string): Promise<ImapAnswer> {
    const untagged: UntaggedLine[] = [];
    for (;;) {
      let text = await this.#connection.line();
      if (text.startsWith(`${tag} `)) return answer(text, untagged);
      const length = /\{(\d+)\}$/.exec(text)?.[1];
      let literal: Buffer | null = null;
      if (length !== undefined) {
        literal = await this.#connection.octets(Number(length));
        text += await this.#connection.line();
      }
      untagged.push({ text, literal });
    }
  }
}

function answer(line: string, untagged: readonly UntaggedLine[]): ImapAnswer {
  const tagged = line.slice(line.indexOf(' ') + 1);
  return { isOk: tagged.startsWith('OK'), tagged, untagged };
}

/** The UIDs that an APPEND gave, or a REPLACE, before its tagged line (RFC 8508 §4.3); null if it did not say. */
export function appendUids({
  tagged,
  untagged,
}: ImapAnswer): { readonly uidvalidity: number; readonly uids: readonly number[] } | null {
  const text = [tagged, ...untagged.map((line) => line.text)].find((line) => line.includes('[APPENDUID '));
  const [, uidvalidity, uids] = /\[APPENDUID (\d+) ([\d:,]+)\]/.exec(text ?? '') ?? [];
  return uids === undefined ? null : { uidvalidity: Number(uidvalidity), uids: numbersOf(uids) };
}

/** Where COPY or MOVE put what; null if it did not say. MOVE says it before its tagged line (RFC 6851 §4.3). */
export function copyUid({
  tagged,
  untagged,
}: ImapAnswer): { readonly uidvalidity: number; readonly uids: CopyUid } | null {
  const text = [tagged, ...untagged.map((line) => line.text)].find((line) => line.includes('[COPYUID '));
  const [, uidvalidity, from = '', to = ''] = /\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]/.exec(text ?? '') ?? [];
  if (uidvalidity === undefined) return null;
  const targets = numbersOf(to);
  return {
    uidvalidity: Number(uidvalidity),
    uids: new Map(numbersOf(from).map((uid, i) => [uid, targets[i] ?? 0])),
  };
}

function numbersOf(set: string): readonly number[] {
  return set.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    const [low, high] = [Math.min(first, last), Math.max(first, last)];
    return Array.from({ length: high - low + 1 }, (_, i) => low + i);
  });
}

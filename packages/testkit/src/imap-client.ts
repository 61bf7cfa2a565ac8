import { LineClient } from './line-client.ts';

/** What a command got for an answer. */
export interface Answer {
  readonly untagged: readonly string[];
  /** The rest of the tagged line. */
  readonly tagged: string;
}

/** A client that knows of IMAP what a tagged answer is. */
export class ImapClient extends LineClient {
  #nextTag = 1;

  endsAnswer(line: string): boolean {
    return !/^[*+] /.test(line);
  }

  /** Sends a command under a tag of its own, and gives the lines up to its tagged answer. */
  async command(text: string): Promise<Answer> {
    const tag = `t${this.#nextTag++}`;
    this.history.push(`C: ${tag} ${text}`);
    this.send(`${tag} ${text}\r\n`);
    return await this.answer(tag);
  }

  async answer(tag: string): Promise<Answer> {
    const untagged: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === null) throw this.failure(`the server closed before the answer to ${tag}`);
      if (line.startsWith(`${tag} `)) return { untagged, tagged: line.slice(tag.length + 1) };
      untagged.push(line);
    }
  }

  /**
   * Appends a message and gives its UID.
   *
   * @param date the date-time to give, without quotes; none if empty
   */
  async append(mailbox: string, message: string | Buffer, flags = '', date = ''): Promise<number> {
    const octets = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
    const tag = `t${this.#nextTag++}`;
    const dateTime = date === '' ? '' : `"${date}" `;
    this.send(
      Buffer.concat([line(`${tag} APPEND ${mailbox} (${flags}) ${dateTime}{${octets.length}+}`), octets, line('')]),
    );
    const { tagged } = await this.answer(tag);
    const uid = /^OK \[APPENDUID \d+ (\d+)\]/.exec(tagged)?.[1];
    if (uid === undefined) throw this.failure(`APPEND was answered ${tagged}`);
    return Number(uid);
  }
}

const line = (text: string) => Buffer.from(`${text}\r\n`, 'latin1');

import type { ImapClient } from '@postel/testkit';

interface Followed {
  uid: number | null;
  flags: string | null;
}

/**
 * What a mail program knows of a mailbox that it has selected: messages by their sequence number, as it was told of them. UIDs
 * and flags are null until it is told.
 */
export class MailboxFollower {
  readonly messages: Followed[] = [];
  readonly #client: ImapClient;

  private constructor(client: ImapClient) {
    this.#client = client;
  }

  /** Selects the mailbox, asks for what is there, and stays in IDLE. */
  static async follow(client: ImapClient, mailbox: string): Promise<MailboxFollower> {
    const follower = new MailboxFollower(client);
    await follower.command(`SELECT ${mailbox}`);
    if (follower.messages.length > 0) await follower.command('FETCH 1:* (UID FLAGS)');
    await follower.#startIdle();
    return follower;
  }

  get uids(): readonly (number | null)[] {
    return this.messages.map(({ uid }) => uid);
  }

  /** Takes what comes during IDLE until `condition` holds. @throws if nothing comes for some time */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) this.#take(await this.#line());
  }

  /** Leaves IDLE for a command, and goes back to it. */
  async interrupt(text: string): Promise<string> {
    await this.#endIdle();
    const tagged = await this.command(text);
    await this.#startIdle();
    return tagged;
  }

  /** Asks for whatever it has not been told of. */
  async complete(): Promise<void> {
    await this.#endIdle();
    await this.command('NOOP');
    if (this.messages.some(({ uid, flags }) => uid === null || flags === null)) {
      await this.command('FETCH 1:* (UID FLAGS)');
    }
    await this.#startIdle();
  }

  async command(text: string): Promise<string> {
    const { untagged, tagged } = await this.#client.command(text);
    for (const line of untagged) this.#take(line);
    return tagged;
  }

  async #startIdle(): Promise<void> {
    this.#client.send('idle IDLE\r\n');
    while (!(await this.#untagged()).startsWith('+ ')) {}
  }

  async #endIdle(): Promise<void> {
    this.#client.send('DONE\r\n');
    while (!(await this.#untagged()).startsWith('idle ')) {}
  }

  async #untagged(): Promise<string> {
    const line = await this.#line();
    this.#take(line);
    return line;
  }

  async #line(): Promise<string> {
    const line = await this.#client.line();
    if (line === null) throw this.#client.failure('the server closed');
    return line;
  }

  #take(line: string): void {
    const [, digits, what, rest = ''] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)(.*)$/.exec(line) ?? [];
    if (digits === undefined) return;
    const number = Number(digits);
    const message = this.messages[number - 1];
    if (what === 'EXISTS') {
      if (number < this.messages.length) throw this.#client.failure('EXISTS took messages away');
      while (this.messages.length < number) this.messages.push({ uid: null, flags: null });
    } else if (message === undefined) {
      throw this.#client.failure(`there is no message ${number}`);
    } else if (what === 'EXPUNGE') {
      this.messages.splice(number - 1, 1);
    } else {
      const uid = /\bUID (\d+)/.exec(rest)?.[1];
      const flags = /\bFLAGS \(([^)]*)\)/.exec(rest)?.[1];
      if (uid !== undefined && message.uid !== null && message.uid !== Number(uid)) {
        throw this.#client.failure(`message ${number} was ${message.uid}`);
      }
      message.uid = uid === undefined ? message.uid : Number(uid);
      // \Recent is of a session, and not of the message.
      message.flags = flags === undefined ? message.flags : canonicalFlags(flags);
    }
  }
}

/** In one order, without `\Recent`. */
export function canonicalFlags(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '\\Recent' && flag !== '')
    .toSorted()
    .join(' ');
}

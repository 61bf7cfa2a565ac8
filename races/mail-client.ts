import { LineClient, type TestAccount } from '@postel/testkit';

export interface KnownMessage {
  /** Null as long as the client has not been told. */
  uid: number | null;
  /** Sorted, without \Recent; null as long as the client has not been told. */
  flags: string | null;
}

export interface Answer {
  readonly untagged: readonly string[];
  /** The rest of the tagged line. */
  readonly tagged: string;
}

/** A mail program that believes what it is told: it keeps its mailbox by sequence number, as any program must. */
export class MailClient extends LineClient {
  /** In the order of sequence numbers. */
  readonly messages: KnownMessage[] = [];
  /** Untagged answers about messages so far. */
  told = 0;
  #nextTag = 1;
  #hasQresync = false;
  /** HIGHESTMODSEQ, as a client has it that enabled QRESYNC: what it was told as such, or the highest modseq since (RFC 7162 §6). */
  #modSeq = 0;

  /** Null for a client that did not enable QRESYNC. */
  get modSeq(): number | null {
    return this.#hasQresync ? this.#modSeq : null;
  }

  endsAnswer(line: string): boolean {
    return !/^[*+] /.test(line);
  }

  /**
   * Connected and logged in, with a mailbox selected whose messages it knows.
   *
   * @param hasQresync whether it hears of removals by VANISHED
   */
  static async select(
    port: number,
    { name, password }: TestAccount,
    mailbox: string,
    hasQresync = false,
  ): Promise<MailClient> {
    const client = await MailClient.connect(port);
    await client.line();
    await client.mustDo(`LOGIN ${name} ${password}`);
    if (hasQresync) await client.mustDo('ENABLE QRESYNC');
    client.#hasQresync = hasQresync;
    await client.mustDo(`SELECT ${mailbox}`);
    await client.learn();
    return client;
  }

  /** Sends a command, and believes what comes with its answer. */
  async do(text: string, isByNumber = false): Promise<Answer> {
    const tag = this.#sendTagged(text);
    return await this.#answer(tag, isByNumber);
  }

  async mustDo(text: string): Promise<Answer> {
    const answer = await this.do(text);
    if (!answer.tagged.startsWith('OK ')) throw this.failure(`${text} was answered ${answer.tagged}`);
    return answer;
  }

  /** Begins IDLE, and ends it when `until` resolves; what was told in it is believed. */
  async idle(until: () => Promise<void>): Promise<void> {
    const tag = this.#sendTagged('IDLE');
    for (let line = await this.line(); line !== '+ idling'; line = await this.line()) this.#believe(line, false);
    await until();
    this.send('DONE\r\n');
    await this.#answer(tag, false);
  }

  /** Asks for what it does not know of its messages. */
  async learn(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_TO_LEARN; attempt++) {
      const first = this.messages.findIndex(({ uid, flags }) => uid === null || flags === null);
      if (first < 0) return;
      if (attempt > 0) await this.mustDo('NOOP'); // what was not told of a message that went is not told any more
      const unknown = this.messages.findIndex(({ uid, flags }) => uid === null || flags === null);
      if (unknown >= 0) await this.do(`FETCH ${unknown + 1}:* (UID FLAGS)`, true);
    }
    throw this.failure('there are messages of which nothing is told');
  }

  #sendTagged(text: string): string {
    const tag = `t${this.#nextTag++}`;
    this.history.push(`C: ${tag} ${text}`);
    this.history.splice(0, this.history.length - HISTORY_LINES);
    this.send(`${tag} ${text}\r\n`);
    return tag;
  }

  async #answer(tag: string, isByNumber: boolean): Promise<Answer> {
    const untagged: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line?.startsWith(`${tag} `)) {
        this.#heardModSeq(line);
        return { untagged, tagged: line.slice(tag.length + 1) };
      }
      this.#believe(line, isByNumber);
      if (line !== null) untagged.push(line);
    }
  }

  #believe(line: string | null, isByNumber: boolean): void {
    if (line === null) throw this.failure('the server closed');
    if (line.startsWith('* BYE')) throw this.failure('the server said BYE');
    this.#heardModSeq(line);
    const vanished = /^\* VANISHED ([\d,:]+)$/.exec(line)?.[1];
    if (vanished !== undefined) this.#vanished(vanished, isByNumber);
    const [, digits, name] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    if (digits === undefined) return;
    this.told++;
    const number = Number(digits);
    if (name === 'EXISTS') {
      if (number < this.messages.length) throw this.failure('EXISTS took messages away');
      while (this.messages.length < number) this.messages.push({ uid: null, flags: null });
    } else if (number > this.messages.length) {
      throw this.failure(`${name} of a message that is not there`);
    } else if (name === 'EXPUNGE') {
      if (isByNumber || this.#hasQresync) throw this.failure('EXPUNGE has no place here');
      this.messages.splice(number - 1, 1);
    } else this.#fetched(number, line);
  }

  #heardModSeq(line: string): void {
    const [, code] = /OK \[HIGHESTMODSEQ (\d+)\]/.exec(line) ?? [];
    const [, fetched] = /FETCH .*MODSEQ \((\d+)\)/.exec(line) ?? [];
    if (code !== undefined) this.#modSeq = Number(code);
    if (fetched !== undefined) this.#modSeq = Math.max(this.#modSeq, Number(fetched));
  }

  /** One whose UID the client was not told stands before those with higher ones. */
  #vanished(uids: string, isByNumber: boolean): void {
    if (isByNumber || !this.#hasQresync) throw this.failure('VANISHED has no place here');
    for (const range of uids.split(',')) {
      const [first = 0, last = first] = range.split(':').map(Number);
      for (let uid = first; uid <= last; uid++) {
        this.told++;
        const above = this.messages.findIndex((message) => message.uid !== null && message.uid >= uid);
        const end = above < 0 ? this.messages.length : above;
        const isKnown = this.messages[end]?.uid === uid;
        if (!isKnown && this.messages[end - 1]?.uid !== null)
          throw this.failure(`UID ${uid} vanished, and was not there`);
        this.messages.splice(isKnown ? end : end - 1, 1);
      }
    }
  }

  #fetched(number: number, line: string): void {
    const message = this.messages[number - 1];
    const uid = /UID (\d+)/.exec(line)?.[1];
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (message === undefined) return;
    if (uid !== undefined && message.uid !== null && message.uid !== Number(uid))
      throw this.failure(`number ${number} was UID ${message.uid}, and is UID ${uid}`);
    if (uid !== undefined) message.uid = Number(uid);
    if (flags !== undefined) message.flags = sortedFlags(flags);
  }
}

const ATTEMPTS_TO_LEARN = 20;
/** What a client remembers of its dialogue, for a failure to show. */
const HISTORY_LINES = 400;

export const sortedFlags = (flags: string): string =>
  flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');

import { LineClient, type TestAccount } from '@postel/testkit';
import { OfflineMailbox, sortedFlags } from './offline-mailbox.ts';
import type { Random } from './random.ts';

/** How a client learns what happened while it was away. */
const WAYS = ['select', 'known-uids', 'match', 'uid-fetch', 'condstore'] as const;
type Way = (typeof WAYS)[number];

export interface FlagChange {
  readonly mode: '' | '+' | '-';
  readonly flags: readonly string[];
}

/** What a client remembers of its dialogue, for a failure to show. */
const HISTORY_LINES = 300;

/** The client has cut its connection, or the server has said BYE. */
export class Gone extends Error {}

class Connection extends LineClient {
  endsAnswer(line: string): boolean {
    return !/^[*+] /.test(line);
  }
}

/**
 * A mail program that goes away anywhere and comes back: it believes what it is told, and takes for HIGHESTMODSEQ what RFC 7162
 * §6 has it take. All that it may rely on when it comes back is in `disk`.
 */
export class ResyncClient {
  readonly account: TestAccount;
  readonly mailbox: string;
  readonly history: string[] = [];
  disk = new OfflineMailbox();
  #connection: Connection | null = null;
  #nextTag = 1;
  /** UIDs by sequence number; null where the client was not told. */
  #list: (number | null)[] = [];
  /** Flags of messages beyond those that are known without a gap. */
  #fresh = new Map<number, string>();
  /** HIGHESTMODSEQ as the client has it in this connection; on disk only when it has synchronized. */
  #modSeq = 0;
  #highestFetched = 0;
  #isSynchronized = false;
  #hasQresync = false;
  /** Of the answer in hand: messages of which the last FETCH told no flags. */
  readonly #withoutFlags = new Set<number>();
  /** The line after which the connection is to be cut, counted down; null for none. */
  #cutAfter: number | null = null;
  resyncs = 0;
  told = 0;

  constructor(account: TestAccount, mailbox: string) {
    this.account = account;
    this.mailbox = mailbox;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Messages as the client counts them. */
  get count(): number {
    return this.#list.length;
  }

  uidAt(number: number): number | null {
    return this.#list[number - 1] ?? null;
  }

  failure(message: string): Error {
    return new Error(`${message}\n${this.history.join('\n')}`);
  }

  /** Goes away after so many more lines of the answers that come; 0 is at once, before anything is heard. */
  cutAfter(lines: number): void {
    this.#cutAfter = lines;
  }

  cut(): void {
    this.#note('-- cut');
    this.#connection?.reset();
    this.#connection = null;
    this.#cutAfter = null;
  }

  async connect(port: number): Promise<void> {
    const connection = await Connection.connect(port);
    this.#connection = connection;
    this.#note(`-- connected to ${port}`);
    this.#hasQresync = false;
    this.#isSynchronized = false;
    await connection.line();
    await this.mustDo(`LOGIN ${this.account.name} ${this.account.password}`);
  }

  /** Selects the mailbox, and learns what happened since. @throws {Gone} */
  async resync(random: Random): Promise<void> {
    const { disk } = this;
    const way: Way = this.#hasQresync ? random.pick(WAYS.slice(0, 4)) : random.pick(WAYS);
    this.resyncs++;
    this.#isSynchronized = false;
    this.#fresh.clear();
    this.#list = [];
    if (way !== 'condstore' && !this.#hasQresync) {
      this.#hasQresync = true;
      await this.mustDo('ENABLE QRESYNC');
    }
    const before = disk.uidvalidity;
    const known = disk.flags.size === 0 ? null : `${disk.uidvalidity} ${disk.modSeq}`;
    if (way === 'condstore') await this.mustDo(`SELECT ${this.mailbox} (CONDSTORE)`);
    else if (known === null || way === 'uid-fetch') await this.mustDo(`SELECT ${this.mailbox}`);
    else await this.mustDo(`SELECT ${this.mailbox} (QRESYNC (${known}${this.#details(way, random)}))`);
    if (known !== null && disk.uidvalidity === before) {
      if (way === 'uid-fetch')
        await this.mustDo(`UID FETCH 1:${disk.knownUid} (FLAGS) (CHANGEDSINCE ${disk.modSeq} VANISHED)`);
      if (way === 'condstore') {
        await this.mustDo('UID SEARCH ALL'); // its answer fills the list
        for (const uid of disk.uids()) if (!this.#list.includes(uid)) disk.flags.delete(uid);
        await this.mustDo(`UID FETCH 1:${disk.knownUid} (FLAGS) (CHANGEDSINCE ${disk.modSeq})`);
      }
    }
    const uids = disk.uids();
    if (uids.length > this.#list.length)
      throw this.failure(`${uids.length} messages are known, of ${this.#list.length}`);
    if (this.#list.some((uid, i) => uid !== null && i < uids.length && uid !== uids[i]))
      throw this.failure('the messages that are known are not those that are there');
    const rest = this.#list.slice(uids.length);
    this.#list = [...uids, ...rest.map((uid) => (uid !== null && uid > disk.knownUid ? uid : null))];
    this.#isSynchronized = true;
    disk.modSeq = this.#modSeq;
    await this.learn();
  }

  #details(way: Way, random: Random): string {
    const uids = this.disk.uids();
    if (way === 'known-uids') return random.chance(0.5) ? ` 1:${this.disk.knownUid}` : ` ${uids.join()},4294967295`;
    if (way !== 'match') return '';
    const numbers = uids.map((_, index) => index + 1).filter((number) => number === uids.length || random.chance(0.3));
    const sample = numbers.map((number) => uids[number - 1]);
    return ` 1:${this.disk.knownUid} (${numbers.join()} ${sample.join()})`;
  }

  /** Asks for messages that it knows nothing of. @throws {Gone} */
  async learn(): Promise<void> {
    if (this.#list.every((uid) => uid !== null && uid <= this.disk.knownUid)) return;
    await this.mustDo(`UID FETCH ${this.disk.knownUid + 1}:* (FLAGS)`);
    for (const uid of this.#list) {
      if (uid === null) return;
      if (uid <= this.disk.knownUid) continue;
      const flags = this.#fresh.get(uid);
      if (flags === undefined) return;
      this.disk.flags.set(uid, flags);
      this.disk.knownUid = uid;
      this.#fresh.delete(uid);
    }
  }

  /** @returns the tagged answer @throws {Gone} */
  async do(text: string): Promise<string> {
    const tag = this.#send(text);
    return await this.#answer(tag, /^(FETCH|STORE|SEARCH)/.test(text), text.startsWith('SELECT'));
  }

  async mustDo(text: string): Promise<void> {
    const tagged = await this.do(text);
    if (!tagged.startsWith('OK ')) throw this.failure(`${text} was answered ${tagged}`);
  }

  /**
   * Changes flags and asks for silence: what is not told of them the client knows, if it hears that it was done.
   *
   * @param set sequence numbers or UIDs
   */
  async storeSilently(command: string, change: FlagChange, uids: readonly number[]): Promise<void> {
    this.#withoutFlags.clear();
    const tagged = await this.do(`${command} ${change.mode}FLAGS.SILENT (${change.flags.join(' ')})`);
    if (!/^(OK|NO \[(EXPUNGEISSUED|MODIFIED [\d,:]+)\])/.test(tagged))
      throw this.failure(`a STORE was answered ${tagged}`);
    for (const uid of uids) {
      if (!this.#withoutFlags.has(uid)) continue;
      const before = this.disk.flags.get(uid);
      if (before !== undefined) this.disk.flags.set(uid, edited(before, change));
      const fresh = this.#fresh.get(uid);
      if (fresh !== undefined) this.#fresh.set(uid, edited(fresh, change));
    }
  }

  /** Idles until `until` resolves. @throws {Gone} */
  async idle(until: () => Promise<void>): Promise<void> {
    const tag = this.#send('IDLE');
    for (let line = await this.#line(); line !== '+ idling'; line = await this.#line())
      this.#believe(line, false, false);
    await until();
    this.#connection?.send('DONE\r\n');
    await this.#answer(tag, false, false);
  }

  #send(text: string): string {
    const connection = this.#connection;
    if (connection === null) throw new Gone();
    const tag = `t${this.#nextTag++}`;
    this.#note(`C: ${tag} ${text}`);
    this.#highestFetched = 0;
    connection.send(`${tag} ${text}\r\n`);
    return tag;
  }

  async #line(): Promise<string> {
    if (this.#cutAfter !== null && this.#cutAfter-- === 0) {
      this.cut();
      throw new Gone();
    }
    const line = (await this.#connection?.line()) ?? null;
    if (line === null || line.startsWith('* BYE')) {
      this.#note(`S: ${line ?? '(closed)'}`);
      this.cut();
      throw new Gone();
    }
    this.#note(`S: ${line}`);
    return line;
  }

  async #answer(tag: string, isByNumber: boolean, isSelect: boolean): Promise<string> {
    for (;;) {
      const line = await this.#line();
      if (!line.startsWith(`${tag} `)) {
        this.#believe(line, isByNumber, isSelect);
        continue;
      }
      const code = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)?.[1];
      if (code !== undefined) this.#tookModSeq(Number(code));
      else this.#tookModSeq(Math.max(this.#modSeq, this.#highestFetched));
      return line.slice(tag.length + 1);
    }
  }

  /** A response code overrules what was fetched before it (RFC 7162 §6). */
  #tookModSeq(modSeq: number): void {
    this.#modSeq = modSeq;
    this.#highestFetched = 0;
    if (this.#isSynchronized) this.disk.modSeq = modSeq;
  }

  #believe(line: string, isByNumber: boolean, isSelect: boolean): void {
    this.told++;
    const code = /^\* OK \[(HIGHESTMODSEQ|UIDVALIDITY) (\d+)\]/.exec(line);
    if (code?.[1] === 'HIGHESTMODSEQ') this.#tookModSeq(Number(code[2]));
    if (code?.[1] === 'UIDVALIDITY' && Number(code[2]) !== this.disk.uidvalidity) this.disk.clear(Number(code[2]));
    if (line.startsWith('* SEARCH') && !this.#isSynchronized) this.#list = numbersIn(line);
    const vanished = /^\* VANISHED (\(EARLIER\) )?([\d,:]+)$/.exec(line);
    if (vanished !== null) this.#vanished(expanded(vanished[2] ?? ''), vanished[1] !== undefined, isByNumber);
    const [, digits, name] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    const number = Number(digits);
    if (name === 'EXISTS') {
      if (isSelect) this.#list = [];
      if (number < this.#list.length) throw this.failure('EXISTS took messages away');
      while (this.#list.length < number) this.#list.push(null);
    } else if (name === 'EXPUNGE') {
      if (isByNumber || this.#hasQresync) throw this.failure('EXPUNGE has no place here');
      const [uid] = this.#list.splice(number - 1, 1);
      if (uid === undefined) throw this.failure('EXPUNGE of a message that is not there');
      if (uid !== null) this.#forget(uid);
    } else if (name === 'FETCH') this.#fetched(number, line);
  }

  #vanished(uids: readonly number[], isEarlier: boolean, isByNumber: boolean): void {
    if (!this.#hasQresync || (isByNumber && !isEarlier)) throw this.failure('VANISHED has no place here');
    for (const uid of uids) {
      if (isEarlier && this.#list.includes(uid)) throw this.failure(`UID ${uid} vanished earlier, and is there`);
      if (!isEarlier) this.#takeOut(uid);
      this.#forget(uid);
    }
  }

  #takeOut(uid: number): void {
    const list = this.#list;
    const at = list.indexOf(uid);
    if (at < 0 && this.#isSynchronized && uid <= this.disk.knownUid)
      throw this.failure(`VANISHED of UID ${uid}, which is not there`);
    // One whose UID the client was not told stands before those with higher ones.
    const above = list.findIndex((other) => other !== null && other > uid);
    const index = at >= 0 ? at : list.lastIndexOf(null, above < 0 ? list.length - 1 : above);
    if (index < 0) throw this.failure(`VANISHED of UID ${uid}: there is no such message`);
    list.splice(index, 1);
    if (!this.#isSynchronized) list.fill(null); // which of them it was is found out later
  }

  #forget(uid: number): void {
    this.disk.flags.delete(uid);
    this.#fresh.delete(uid);
  }

  #fetched(number: number, line: string): void {
    if (number > this.#list.length) throw this.failure('FETCH of a message that is not there');
    const uid = Number(/UID (\d+)/.exec(line)?.[1] ?? 0);
    const modSeq = Number(/MODSEQ \((\d+)\)/.exec(line)?.[1] ?? 0);
    const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
    this.#highestFetched = Math.max(this.#highestFetched, modSeq);
    if (uid === 0 && flags !== undefined) throw this.failure('flags are told without the UID');
    if (uid === 0) return;
    const known = this.#list[number - 1] ?? null;
    if (known !== null && known !== uid) throw this.failure(`number ${number} was UID ${known}, and is UID ${uid}`);
    this.#list[number - 1] = uid;
    if (flags === undefined) {
      this.#withoutFlags.add(uid);
      return;
    }
    this.#withoutFlags.delete(uid);
    const sorted = sortedFlags(flags.split(' '));
    if (uid > this.disk.knownUid) this.#fresh.set(uid, sorted);
    else if (this.disk.flags.has(uid)) this.disk.flags.set(uid, sorted);
    else throw this.failure(`UID ${uid} was unknown, and is told of`);
  }

  #note(line: string): void {
    this.history.push(line);
    if (this.history.length > HISTORY_LINES) this.history.splice(0, this.history.length - HISTORY_LINES);
  }
}

function edited(flags: string, { mode, flags: named }: FlagChange): string {
  const before = flags.split(' ');
  if (mode === '') return sortedFlags(named);
  return sortedFlags(mode === '+' ? [...before, ...named] : before.filter((flag) => !named.includes(flag)));
}

const numbersIn = (line: string): number[] => (line.match(/\d+/g) ?? []).map(Number);

/** `2:4,7` */
function expanded(set: string): number[] {
  return set.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionEnded, type Endpoint } from './connection.ts';
import { appendUids, type CopyUid, copyUid, type ImapAnswer, ImapSession, type Login } from './imap-session.ts';
import { type Change, type Copy, type Flags, flagsOf, type GivenUids, type Ledger, type Mailbox } from './ledger.ts';
import { BLOB_OCTETS, makeMessage } from './make-message.ts';
import type { Random } from './random.ts';

const SYSTEM_FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Draft', '\\Deleted'] as const;
const KEYWORDS = ['$Forwarded', '$MDNSent', 'todo', 'later', 'project-a', 'project-b'] as const;
const FLAGS: readonly string[] = [...SYSTEM_FLAGS, ...KEYWORDS];

/** Beyond it a client rather removes than adds, so that mailboxes stay small enough to be compared often. */
const COPIES = 60;
const MAILBOXES = 3;
const MAILBOX_NAMES = 6;
const SUBSCRIPTION_NAMES = 4;
const LARGE_SHARE = 0.08;
/** Of APPENDs with more than one message. */
const SEVERAL_SHARE = 0.3;
const RECONNECT_PAUSE_MS = 20;
const LONGEST_THOUGHT_MS = 10;

/** Tells clients that the load is over. */
export interface Stopping {
  readonly isStopping: boolean;
}

/**
 * Somebody who reads and files mail by IMAP, all day, at random. Clients share accounts and mailboxes; a message and a
 * mailbox belong to one client, which alone changes it, so that the ledger knows what it should be.
 */
export class MailClient implements Disposable {
  readonly name: string;
  readonly login: Login;
  readonly #endpoint: Endpoint;
  readonly #ledger: Ledger;
  readonly #random: Random;
  #session: ImapSession | null = null;
  #selected: Mailbox | null = null;
  /** An answer was lost: until it is known what was done, this client only adds messages. */
  #isInDoubt = false;
  /** The ledger knows of messages that the server has not told this connection of, and it may ignore their UIDs. */
  #mustLook = false;
  #nextMessage = 1;

  constructor(name: string, login: Login, endpoint: Endpoint, ledger: Ledger, random: Random) {
    this.name = name;
    this.login = login;
    this.#endpoint = endpoint;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** Works until it is told to stop; what is under way then is ended first. */
  async run(stopping: Stopping): Promise<void> {
    while (!stopping.isStopping) {
      await this.attempt(() => this.#anything());
      await pause(this.#random.below(LONGEST_THOUGHT_MS));
    }
  }

  /** A comparison has found out what was done, and what was delivered. */
  settled(): void {
    this.#isInDoubt = false;
    this.#mustLook = true;
  }

  /**
   * Does one thing. A connection that is not there is made first; one that ends is left.
   * @returns whether it was answered
   */
  async attempt(work: (session: ImapSession) => Promise<boolean>): Promise<boolean> {
    try {
      this.#session ??= await ImapSession.open(this.#endpoint, this.login);
      if (this.#session !== null) return await work(this.#session);
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      this[Symbol.dispose]();
    }
    await pause(RECONNECT_PAUSE_MS);
    return false;
  }

  /**
   * @param sizes of the messages, in octets
   * @param sent called when the command is on its way
   */
  async appendTo(mailbox: Mailbox, sizes: readonly number[], sent: () => void = () => {}): Promise<boolean> {
    const kind = sizes.length === 1 ? 'APPEND' : 'APPEND of several';
    return await this.#upload(kind, `APPEND ${mailbox.name}`, mailbox, sizes, [], sent);
  }

  /** With another message, in its mailbox or elsewhere. */
  async replace(copy: Copy, to: Mailbox, octets: number): Promise<boolean> {
    if (!(await this.#select(copy.mailbox))) return false;
    const command = `UID REPLACE ${copy.uid} ${to.name}`;
    return await this.#upload('REPLACE', command, to, [octets], [{ type: 'removed', copy }]);
  }

  async #upload(
    kind: string,
    command: string,
    to: Mailbox,
    sizes: readonly number[],
    removed: readonly Change[],
    sent: () => void = () => {},
  ): Promise<boolean> {
    const random = this.#random;
    const made = sizes.map((octets) =>
      makeMessage(`${this.name}.${this.#nextMessage++}@crash.example`, 'crash', random, octets),
    );
    const flags = this.#someFlags(3);
    const added = made.map(({ message }): Change => ({ type: 'added', mailbox: to, message, flags, owner: this.name }));
    const text = `${command} (${flags}) ${made.map(({ message }) => `${message.id}, ${message.octets} octets`).join('; ')}`;
    const uids = (answer: ImapAnswer): GivenUids => {
      const given = appendUids(answer);
      this.#checkUidvalidity(to, given?.uidvalidity);
      const count = given?.uids.length ?? made.length;
      if (count !== made.length) this.#wrong(`its APPENDUID names ${count} UIDs: ${text}`);
      return new Map(
        made.flatMap(({ message }, i) => (given?.uids[i] === undefined ? [] : [[message.id, given.uids[i]]])),
      );
    };
    const waits = random.chance(0.5);
    const contents = made.map(({ content }) => content);
    const ask = (session: ImapSession) => session.upload(command, flags, contents, { waits });
    return await this.#operate(kind, text, [...removed, ...added], uids, ask, sent);
  }

  /**
   * @param copies of one mailbox, that are nowhere in the other one
   * @param sent called when the command is on its way
   */
  async copy(
    kind: 'COPY' | 'MOVE',
    copies: readonly Copy[],
    to: Mailbox,
    sent: () => void = () => {},
  ): Promise<boolean> {
    const [first] = copies;
    if (first === undefined || !(await this.#select(first.mailbox))) return false;
    const changes = copies.flatMap((copy): Change[] => {
      const { message, flags, owner } = copy;
      const added: Change = { type: 'added', mailbox: to, message, flags, owner };
      return kind === 'COPY' ? [added] : [{ type: 'removed', copy }, added];
    });
    const set = uidsOf(copies);
    const text = `UID ${kind} ${set} from ${first.mailbox.name} to ${to.name}`;
    const uids = (answer: ImapAnswer) => {
      const given = copyUid(answer);
      this.#checkUidvalidity(to, given?.uidvalidity);
      return this.#targets(copies, given?.uids ?? new Map(), text);
    };
    return await this.#operate(
      kind,
      text,
      changes,
      uids,
      (session) => session.command(`UID ${kind} ${set} ${to.name}`),
      sent,
    );
  }

  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
    this.#session = null;
    this.#selected = null;
  }

  /** The client's own, of which it knows all. */
  get copies(): readonly Copy[] {
    return [...this.#mailboxes()].flatMap((mailbox) =>
      [...mailbox.copies.values()].filter(({ owner, uid }) => owner === this.name && uid !== null),
    );
  }

  async #anything(): Promise<boolean> {
    if (this.#isInDoubt) return await this.appendTo(this.#inbox, this.#sizes());
    const { copies } = this;
    const dice = this.#random.below(100);
    if (copies.length > COPIES && dice < 70) return await this.#expunge(copies, COPIES);
    if (dice < 24 || copies.length === 0) return await this.appendTo(this.#anyMailbox(), this.#sizes());
    if (dice < 34) return await this.replace(this.#random.pick(copies), this.#anyMailbox(), this.#size());
    if (dice < 52) return await this.#store(this.#someOfOne(copies, 8));
    if (dice < 62) return await this.#file('COPY', this.#someOfOne(copies, 5));
    if (dice < 74) return await this.#file('MOVE', this.#someOfOne(copies, 5));
    if (dice < 84) return await this.#expunge(copies, 6);
    if (dice < 95) return await this.#changeMailboxes();
    return await this.#subscribe();
  }

  async #store(copies: readonly Copy[]): Promise<boolean> {
    const [first] = copies;
    if (first === undefined) return false;
    const flags = this.#someFlags(3);
    const named = flags === '' ? [] : flags.split(' ');
    const mode = this.#random.pick(['+', '-', ''] as const);
    return await this.#edit(copies, mode, named);
  }

  async #edit(copies: readonly Copy[], mode: '+' | '-' | '', named: readonly string[]): Promise<boolean> {
    const [first] = copies;
    if (first === undefined || !(await this.#select(first.mailbox))) return false;
    const edited = (flags: Flags): Flags => {
      const before = flags === '' ? [] : flags.split(' ');
      if (mode === '') return flagsOf(named);
      return flagsOf(mode === '+' ? [...before, ...named] : before.filter((flag) => !named.includes(flag)));
    };
    const changes = copies.map((copy): Change => ({ type: 'flagged', copy, flags: edited(copy.flags) }));
    const silent = this.#random.chance(0.5) ? '.SILENT' : '';
    const command = `UID STORE ${uidsOf(copies)} ${mode}FLAGS${silent} (${named.join(' ')})`;
    const text = `${command} in ${first.mailbox.name}`;
    return await this.#operate('STORE', text, changes, noUids, (session) => session.command(command));
  }

  /** Into a mailbox that has none of them. */
  async #file(kind: 'COPY' | 'MOVE', copies: readonly Copy[]): Promise<boolean> {
    const to = this.#anyMailbox();
    return await this.copy(
      kind,
      copies.filter(({ message }) => !to.copies.has(message.id)),
      to,
    );
  }

  /** Those that bear \Deleted; where there are none, flags some first. */
  async #expunge(copies: readonly Copy[], count: number): Promise<boolean> {
    const chosen = this.#someOfOne(copies, count);
    const isDeleted = ({ flags }: Copy) => flags.split(' ').includes('\\Deleted');
    const [first] = chosen;
    if (first === undefined) return false;
    const unflagged = chosen.filter((copy) => !isDeleted(copy));
    if (unflagged.length > 0) return await this.#edit(chosen, '+', ['\\Deleted']);
    if (!(await this.#select(first.mailbox))) return false;
    const changes = chosen.map((copy): Change => ({ type: 'removed', copy }));
    const command = `UID EXPUNGE ${uidsOf(chosen)}`;
    const text = `${command} in ${first.mailbox.name}`;
    return await this.#operate('EXPUNGE', text, changes, noUids, (session) => session.command(command));
  }

  async #changeMailboxes(): Promise<boolean> {
    const random = this.#random;
    const { name: account } = this.login;
    const own = [...this.#mailboxes()].filter(({ owner }) => owner === this.name);
    const names = Array.from({ length: MAILBOX_NAMES }, (_, i) => `${this.name}-${i}`);
    const taken = this.#ledger.account(account).mailboxes;
    const name = random.pick(names.filter((each) => !taken.has(each)));
    if (own.length === 0 || (own.length < MAILBOXES && random.chance(0.6))) {
      const mailbox: Mailbox = { account, name, owner: this.name, uidvalidity: null, copies: new Map() };
      return await this.#operate('CREATE', `CREATE ${name}`, [{ type: 'created', mailbox }], noUids, (session) =>
        session.command(`CREATE ${name}`),
      );
    }
    const mailbox = random.pick(own);
    if (random.chance(0.6)) {
      const renamed: Change = { type: 'renamed', mailbox, name };
      const command = `RENAME ${mailbox.name} ${name}`;
      return await this.#operate('RENAME', command, [renamed], noUids, (session) => session.command(command));
    }
    if (this.#selected === mailbox && !(await this.#select(this.#inbox))) return false;
    const command = `DELETE ${mailbox.name}`;
    return await this.#operate('DELETE', command, [{ type: 'deleted', mailbox }], noUids, (session) =>
      session.command(command),
    );
  }

  async #subscribe(): Promise<boolean> {
    const { name: account } = this.login;
    const name = `${this.name}-list-${this.#random.below(SUBSCRIPTION_NAMES)}`;
    const isOn = this.#ledger.account(account).subscriptions.has(name);
    const kind = isOn ? 'UNSUBSCRIBE' : 'SUBSCRIBE';
    const change: Change = { type: isOn ? 'unsubscribed' : 'subscribed', account, name };
    return await this.#operate(kind, `${kind} ${name}`, [change], noUids, (session) =>
      session.command(`${kind} ${name}`),
    );
  }

  /** Writes down what is asked for, asks, and writes down what came of it. */
  async #operate(
    kind: string,
    text: string,
    changes: readonly Change[],
    uids: (answer: ImapAnswer) => GivenUids,
    ask: (session: ImapSession) => Promise<ImapAnswer>,
    sent: () => void = () => {},
  ): Promise<boolean> {
    const session = this.#session;
    if (session === null) return false;
    const operation = this.#ledger.begin(this.name, kind, text, changes);
    try {
      const asked = ask(session);
      sent();
      const answer = await asked;
      const outcome = answer.isOk ? 'acknowledged' : 'refused';
      this.#ledger.end(operation, outcome, answer.tagged, answer.isOk ? uids(answer) : undefined);
      return answer.isOk;
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      this.#isInDoubt = true;
      this.#ledger.end(operation, 'lost', error.message);
      throw error;
    }
  }

  async #select(mailbox: Mailbox): Promise<boolean> {
    if (this.#selected === mailbox && !this.#mustLook) return true;
    const command = this.#selected === mailbox ? 'NOOP' : `SELECT ${mailbox.name}`;
    this.#selected = null;
    const { isOk = false } = (await this.#session?.command(command)) ?? {};
    if (!isOk) return false;
    this.#selected = mailbox;
    this.#mustLook = false;
    return true;
  }

  get #inbox(): Mailbox {
    return this.#ledger.mailbox(this.login.name, 'INBOX');
  }

  /** Those that this client may put messages into: its own and those of everybody. */
  *#mailboxes(): Generator<Mailbox> {
    for (const mailbox of this.#ledger.account(this.login.name).mailboxes.values()) {
      if (mailbox.owner === null || mailbox.owner === this.name) yield mailbox;
    }
  }

  #anyMailbox(): Mailbox {
    return this.#random.pick([...this.#mailboxes()]);
  }

  #someOfOne(copies: readonly Copy[], count: number): readonly Copy[] {
    const { mailbox } = this.#random.pick(copies);
    const here = copies.filter((copy) => copy.mailbox === mailbox);
    return this.#random.sample(here, 1 + this.#random.below(count));
  }

  #someFlags(count: number): Flags {
    return flagsOf(this.#random.sample(FLAGS, this.#random.below(count + 1)));
  }

  /** Mostly of one message. */
  #sizes(): readonly number[] {
    const count = this.#random.chance(SEVERAL_SHARE) ? 2 + this.#random.below(4) : 1;
    return Array.from({ length: count }, () => this.#size());
  }

  #size(): number {
    const random = this.#random;
    if (random.chance(LARGE_SHARE)) return BLOB_OCTETS + random.below(BLOB_OCTETS);
    return 200 + random.below(8_000);
  }

  #targets(copies: readonly Copy[], uids: CopyUid, text: string): GivenUids {
    const targets = new Map<string, number>();
    for (const { message, uid } of copies) {
      const target = uids.get(uid ?? 0);
      if (target !== undefined) targets.set(message.id, target);
      else this.#wrong(`its COPYUID does not name UID ${uid}: ${text}`);
    }
    return targets;
  }

  #checkUidvalidity(mailbox: Mailbox, told: number | undefined): void {
    if (told !== undefined) mailbox.uidvalidity ??= told;
    if (mailbox.uidvalidity === told) return;
    this.#wrong(`an answer says UIDVALIDITY ${told} of ${mailbox.name}, and it was ${mailbox.uidvalidity}`);
  }

  #wrong(what: string): void {
    this.#ledger.differences.push({ account: this.login.name, what });
  }
}

const noUids = (): GivenUids => new Map();

function uidsOf(copies: readonly Copy[]): string {
  return copies.map(({ uid }) => uid).join();
}

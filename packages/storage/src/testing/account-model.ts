import type { StorageErrorKind } from '../errors.ts';
import { type FlagEdit, SystemFlag } from '../flags.ts';
import { formatRanges, rangesOf } from '../uid-ranges.ts';

/** Limits of RFC 9208; null: none. */
export interface ModelQuota {
  readonly octets: number | null;
  readonly messages: number | null;
  readonly mailboxes: number | null;
}

/** How long removed messages are kept; null: 7 days. And how many octets of them; null: as many as the account may have, but 1 GB at least. */
export interface ModelRetention {
  readonly days: number | null;
  readonly octets: number | null;
}

export interface ModelMessage {
  readonly uid: number;
  readonly createSeq: number;
  readonly modSeq: number;
  readonly flags: number;
  /** In lower case, sorted. */
  readonly keywords: readonly string[];
  readonly size: number;
  /** Octets of its content, which is known by them: contents of one length are the same. */
  readonly contentSize: number;
  /** Its internal date in ms, by which a message is known again wherever it goes: no two that come have the same. */
  readonly internalDate: number;
}

/** What is known of a message that went. */
export interface Removal {
  readonly message: ModelMessage;
  readonly modSeq: number;
  /** In epoch ms, by the clock of the database; null: that was not asked yet. */
  readonly removedAt: number | null;
  /** It lives on elsewhere, or did: it was moved there, or brought back. */
  readonly wasMoved: boolean;
  /** Its content is kept for it. */
  readonly isHeld: boolean;
}

export interface ModelMailbox {
  /** What a mailbox is known by here: none is ever given twice. */
  readonly uidvalidity: number;
  readonly specialUse: string | null;
  name: string;
  uidNext: number;
  highestModSeq: number;
  isDeleted: boolean;
  readonly messages: Map<number, ModelMessage>;
  /** By UID; pruning forgets them. */
  readonly removals: Map<number, Removal>;
  /** The newest modseq of those that it forgot. */
  prunedSeq: number;
  /** How a keyword was spelled first, by its lower case. */
  readonly spellings: Map<string, string>;
}

/** One change as one connection asks for it. Mailboxes are named by UIDVALIDITY; 0 is none. */
export type Change =
  | {
      readonly type: 'append' | 'deliver';
      readonly mailbox: number;
      readonly size: number;
      readonly contentSize: number;
      readonly internalDate: number;
      readonly flags: number;
      readonly keywords: readonly string[];
    }
  | {
      readonly type: 'flags';
      readonly mailbox: number;
      readonly uids: readonly number[];
      readonly edit: FlagEdit;
      readonly unchangedSince: number | null;
    }
  | {
      readonly type: 'copy';
      readonly mailbox: number;
      readonly uids: readonly number[];
      readonly target: number;
      readonly what: 'whole' | 'present' | 'move';
    }
  | { readonly type: 'expunge'; readonly mailbox: number; readonly uids: readonly number[] }
  | { readonly type: 'create'; readonly name: string; readonly specialUse: string | null }
  | { readonly type: 'delete'; readonly mailbox: number; readonly name: string | null }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly name: string };

/** What became of a change, as the caller is told. */
export interface Outcome {
  readonly status: 'ok' | 'expunged' | StorageErrorKind;
  /** Null if nothing changed. */
  readonly modseq: number | null;
  /** What else the caller is told: UIDs, UIDVALIDITY. */
  readonly told: string;
}

const refused = (status: Outcome['status']): Outcome => ({ status, modseq: null, told: '' });
const ranges = (uids: readonly number[]) => formatRanges(rangesOf(uids));
const isWithin = (name: string, level: string) => name === level || name.startsWith(`${level}/`);

/** A mail account as plain lists: what the store is to be, whatever is done to it and by whom. */
export class AccountModel {
  modseq: number;
  nextUidvalidity: number;
  quota: ModelQuota = { octets: null, messages: null, mailboxes: null };
  retention: ModelRetention = { days: null, octets: null };
  /** Deleted ones too, until they are pruned. */
  readonly mailboxes: Map<number, ModelMailbox>;
  readonly subscriptions: Set<string>;

  constructor(
    modseq: number,
    nextUidvalidity: number,
    mailboxes: readonly ModelMailbox[],
    subscriptions: Iterable<string>,
  ) {
    this.modseq = modseq;
    this.nextUidvalidity = nextUidvalidity;
    this.mailboxes = new Map(mailboxes.map((mailbox) => [mailbox.uidvalidity, mailbox]));
    this.subscriptions = new Set(subscriptions);
  }

  clone(): AccountModel {
    const mailboxes = [...this.mailboxes.values()].map((mailbox) => ({
      ...mailbox,
      messages: new Map(mailbox.messages),
      removals: new Map(mailbox.removals),
      spellings: new Map(mailbox.spellings),
    }));
    const clone = new AccountModel(this.modseq, this.nextUidvalidity, mailboxes, this.subscriptions);
    clone.quota = this.quota;
    clone.retention = this.retention;
    return clone;
  }

  live(): readonly ModelMailbox[] {
    return [...this.mailboxes.values()].filter(({ isDeleted }) => !isDeleted);
  }

  named(name: string): ModelMailbox | null {
    return this.live().find((mailbox) => mailbox.name === name) ?? null;
  }

  use(): { readonly messages: number; readonly octets: number; readonly mailboxes: number } {
    const live = this.live();
    const all = live.flatMap(({ messages }) => [...messages.values()]);
    return {
      messages: all.length,
      octets: all.reduce((sum, { size }) => sum + size, 0),
      mailboxes: live.length,
    };
  }

  /**
   * Makes a change and says what its caller must be told.
   *
   * @param isShared an append that came with the one before in one transaction, under its modseq
   */
  apply(change: Change, isShared = false): Outcome {
    switch (change.type) {
      case 'append':
      case 'deliver':
        return this.#append(change, isShared ? this.modseq : this.modseq + 1);
      case 'flags':
        return this.#changeFlags(change);
      case 'copy':
        return this.#copy(change);
      case 'expunge':
        return this.#expunge(change);
      case 'create':
        return this.#create(change.name, change.specialUse);
      case 'delete':
        return this.#delete(change);
      case 'rename':
        return change.from === 'INBOX' ? this.#renameInbox(change.to) : this.#rename(change.from, change.to);
      case 'subscribe':
      case 'unsubscribe':
        return this.#subscribe(change);
      default:
        return change satisfies never;
    }
  }

  #live(uidvalidity: number): ModelMailbox | null {
    const mailbox = this.mailboxes.get(uidvalidity);
    return mailbox === undefined || mailbox.isDeleted ? null : mailbox;
  }

  #append(change: Change & { type: 'append' | 'deliver' }, modSeq: number): Outcome {
    const mailbox = change.type === 'deliver' ? this.named('INBOX') : this.#live(change.mailbox);
    if (mailbox === null) return refused('nonexistent');
    if (this.isOverQuota(1, change.size)) return refused('over-quota');
    const { size, contentSize, internalDate, flags } = change;
    const uid = mailbox.uidNext++;
    const keywords = learnt(mailbox, change.keywords);
    mailbox.messages.set(uid, { uid, createSeq: modSeq, modSeq, flags, keywords, size, contentSize, internalDate });
    mailbox.highestModSeq = modSeq;
    this.modseq = modSeq;
    return { status: 'ok', modseq: modSeq, told: `UID ${uid} of ${mailbox.uidvalidity}` };
  }

  #changeFlags({ mailbox: uidvalidity, uids, edit, unchangedSince }: Change & { type: 'flags' }): Outcome {
    const mailbox = this.#live(uidvalidity);
    if (mailbox === null) return refused('nonexistent');
    const keywords =
      edit.mode === 'remove' ? edit.keywords.map((name) => name.toLowerCase()) : learnt(mailbox, edit.keywords);
    const modSeq = this.modseq + 1;
    const changed: number[] = [];
    const conflicts: number[] = [];
    for (const uid of uids) {
      const message = mailbox.messages.get(uid);
      if (message === undefined) continue;
      if (unchangedSince !== null && message.modSeq > unchangedSince) {
        conflicts.push(uid);
        continue;
      }
      const edited = { ...message, modSeq, ...editFlags(message, edit.mode, edit.system, keywords) };
      if (edited.flags === message.flags && edited.keywords.join() === message.keywords.join()) continue;
      mailbox.messages.set(uid, edited);
      changed.push(uid);
    }
    if (changed.length > 0) mailbox.highestModSeq = this.modseq = modSeq;
    const told = `changed ${ranges(changed)}, left ${ranges(conflicts)}`;
    return { status: 'ok', modseq: changed.length > 0 ? modSeq : null, told };
  }

  #copy({ mailbox, uids, target, what }: Change & { type: 'copy' }): Outcome {
    const source = this.mailboxes.get(mailbox);
    const into = this.#live(target);
    if (into === null) return refused('nonexistent');
    const chosen = uids.map((uid) => source?.messages.get(uid)).filter((message) => message !== undefined);
    if (what === 'whole' && chosen.length < uids.length) return refused('expunged');
    const octets = chosen.reduce((sum, { size }) => sum + size, 0);
    if (chosen.length > 0 && what !== 'move' && this.isOverQuota(chosen.length, octets)) return refused('over-quota');
    const first = into.uidNext;
    const told = `${ranges(chosen.map(({ uid }) => uid))} became ${ranges(chosen.map((_, i) => first + i))} of ${target}`;
    if (chosen.length === 0 || source === undefined) return { status: 'ok', modseq: null, told };
    const modSeq = ++this.modseq;
    pour(source, into, chosen, modSeq, what === 'move');
    return { status: 'ok', modseq: modSeq, told };
  }

  #expunge({ mailbox: uidvalidity, uids }: Change & { type: 'expunge' }): Outcome {
    const mailbox = this.#live(uidvalidity);
    if (mailbox === null) return refused('nonexistent');
    const gone = uids.filter((uid) => ((mailbox.messages.get(uid)?.flags ?? 0) & SystemFlag.deleted) !== 0);
    return { status: 'ok', modseq: gone.length > 0 ? this.#remove(mailbox, gone) : null, told: '' };
  }

  #remove(mailbox: ModelMailbox, uids: readonly number[]): number {
    const modSeq = ++this.modseq;
    for (const uid of uids) bury(mailbox, uid, modSeq, false);
    mailbox.highestModSeq = modSeq;
    return modSeq;
  }

  #create(name: string, specialUse: string | null): Outcome {
    if (this.named(name) !== null) return refused('exists');
    if (specialUse !== null && this.live().some((mailbox) => mailbox.specialUse === specialUse))
      return refused('use-taken');
    const names = [...this.missingSuperiors(name), name];
    if (this.hasNoRoomFor(names.length)) return refused('over-quota');
    const modSeq = ++this.modseq;
    const uidvalidity = this.add(names, specialUse, modSeq).uidvalidity;
    return { status: 'ok', modseq: modSeq, told: `UIDVALIDITY ${uidvalidity}` };
  }

  #delete({ mailbox: uidvalidity, name }: Change & { type: 'delete' }): Outcome {
    const mailbox = this.#live(uidvalidity);
    if (mailbox === null || (name !== null && mailbox.name !== name)) return refused('nonexistent');
    if (mailbox.messages.size > 0) this.#remove(mailbox, [...mailbox.messages.keys()]);
    mailbox.isDeleted = true;
    return { status: 'ok', modseq: ++this.modseq, told: '' };
  }

  #rename(from: string, to: string): Outcome {
    const renamed = this.live()
      .filter(({ name }) => isWithin(name, from))
      .map((mailbox) => ({ mailbox, before: mailbox.name, name: to + mailbox.name.slice(from.length) }));
    if (renamed.length === 0) return refused('nonexistent');
    const isTaken = (name: string) => !isWithin(name, from) && this.named(name) !== null;
    if (to === from || isTaken(to) || renamed.some(({ name }) => isTaken(name))) return refused('exists');
    if (isWithin(to, from)) return refused('name-refused');
    const superiors = this.missingSuperiors(to);
    if (this.hasNoRoomFor(superiors.length)) return refused('over-quota');
    const modSeq = ++this.modseq;
    if (superiors.length > 0) this.add(superiors, null, modSeq);
    for (const { mailbox, name } of renamed) mailbox.name = name;
    const subscribed = renamed.filter(({ before }) => this.subscriptions.has(before));
    for (const { name } of subscribed) this.subscriptions.add(name);
    return { status: 'ok', modseq: modSeq, told: '' };
  }

  /** RFC 9051 §6.3.6: its messages move, INBOX stays. */
  #renameInbox(to: string): Outcome {
    const created = this.#create(to, null);
    const inbox = this.named('INBOX');
    const target = this.named(to);
    if (created.status !== 'ok' || inbox === null || target === null) return { ...created, told: '' };
    if (inbox.messages.size > 0) pour(inbox, target, [...inbox.messages.values()], ++this.modseq, true);
    return { status: 'ok', modseq: this.modseq, told: '' };
  }

  #subscribe({ type, name }: Change & { type: 'subscribe' | 'unsubscribe' }): Outcome {
    const isNew = this.subscriptions.has(name) !== (type === 'subscribe');
    if (!isNew) return { status: 'ok', modseq: null, told: '' };
    if (type === 'subscribe') this.subscriptions.add(name);
    else this.subscriptions.delete(name);
    return { status: 'ok', modseq: ++this.modseq, told: '' };
  }

  isOverQuota(messages: number, octets: number): boolean {
    const use = this.use();
    const { quota } = this;
    return (
      (quota.messages !== null && use.messages + messages > quota.messages) ||
      (quota.octets !== null && use.octets + octets > quota.octets)
    );
  }

  /** What needs no mailbox more is no matter of quota, also where the account is over it. */
  hasNoRoomFor(mailboxes: number): boolean {
    const { quota } = this;
    return mailboxes > 0 && quota.mailboxes !== null && this.use().mailboxes + mailboxes > quota.mailboxes;
  }

  /** The levels above a name where there is no mailbox, nor any below. */
  missingSuperiors(name: string): readonly string[] {
    const levels = name.split('/');
    return levels
      .slice(0, -1)
      .map((_, depth) => levels.slice(0, depth + 1).join('/'))
      .filter((level) => !this.live().some((mailbox) => isWithin(mailbox.name, level)));
  }

  /** Adds mailboxes, the last one with the special use, and gives that one. */
  add(names: readonly string[], specialUse: string | null, modSeq: number): ModelMailbox {
    const added = names.map((name, i) =>
      emptyMailbox(this.nextUidvalidity++, name, i === names.length - 1 ? specialUse : null, modSeq),
    );
    for (const mailbox of added) this.mailboxes.set(mailbox.uidvalidity, mailbox);
    const last = added.at(-1);
    if (last === undefined) throw new Error('no name');
    return last;
  }
}

export function emptyMailbox(
  uidvalidity: number,
  name: string,
  specialUse: string | null,
  modSeq: number,
): ModelMailbox {
  return {
    uidvalidity,
    name,
    specialUse,
    uidNext: 1,
    highestModSeq: modSeq,
    isDeleted: false,
    messages: new Map(),
    removals: new Map(),
    prunedSeq: 0,
    spellings: new Map(),
  };
}

/** Keywords as they are compared; those new to the mailbox keep the spelling given. */
function learnt({ spellings }: ModelMailbox, names: readonly string[]): readonly string[] {
  for (const name of names) {
    const key = name.toLowerCase();
    if (!spellings.has(key)) spellings.set(key, name);
  }
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

function editFlags(
  message: ModelMessage,
  mode: FlagEdit['mode'],
  system: number,
  keywords: readonly string[],
): Pick<ModelMessage, 'flags' | 'keywords'> {
  switch (mode) {
    case 'add':
      return { flags: message.flags | system, keywords: [...new Set([...message.keywords, ...keywords])].sort() };
    case 'remove':
      return {
        flags: message.flags & ~system,
        keywords: message.keywords.filter((name) => !keywords.includes(name)),
      };
    case 'replace':
      return { flags: system, keywords };
    default:
      return mode satisfies never;
  }
}

/** Lets a mailbox know keywords as they are spelled in another. */
export function teach(source: ModelMailbox, target: ModelMailbox, keywords: readonly string[]): void {
  if (target === source) return;
  learnt(
    target,
    keywords.map((name) => source.spellings.get(name) ?? name),
  );
}

function bury({ messages, removals }: ModelMailbox, uid: number, modSeq: number, wasMoved: boolean): void {
  const message = messages.get(uid);
  if (message === undefined) throw new Error(`there is no message ${uid}`);
  messages.delete(uid);
  removals.set(uid, { message, modSeq, removedAt: null, wasMoved, isHeld: true });
}

/** Puts messages into a mailbox under new UIDs, out of the other if they move. */
function pour(
  source: ModelMailbox,
  target: ModelMailbox,
  messages: readonly ModelMessage[],
  modSeq: number,
  isMove: boolean,
): void {
  for (const message of messages) {
    if (isMove) bury(source, message.uid, modSeq, true);
    teach(source, target, message.keywords);
    const uid = target.uidNext++;
    target.messages.set(uid, { ...message, uid, createSeq: modSeq, modSeq });
  }
  target.highestModSeq = modSeq;
  if (isMove) source.highestModSeq = modSeq;
}

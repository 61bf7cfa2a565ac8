/** What the bytes of a message are known by. */
export interface Message {
  /** Its Message-ID, without angle brackets. */
  readonly id: string;
  readonly sha256: string;
  readonly octets: number;
}

/** Flags and keywords, sorted, with spaces between. */
export type Flags = string;

export function flagsOf(names: Iterable<string>): Flags {
  return [...new Set(names)].sort().join(' ');
}

/** A message in a mailbox; a mailbox holds a Message-ID once at most. */
export interface Copy {
  readonly message: Message;
  readonly mailbox: Mailbox;
  /** The client that alone may change it; null for one delivered by SMTP that no client was given yet. */
  owner: string | null;
  /** Null until the server has said it. */
  uid: number | null;
  flags: Flags;
}

/** A mailbox as the ledger knows it. It keeps its identity when it is renamed. */
export interface Mailbox {
  readonly account: string;
  name: string;
  /** The client that alone may rename or delete it; null for one that nobody may. */
  readonly owner: string | null;
  /** Null until it was seen. */
  uidvalidity: number | null;
  /** By Message-ID. */
  readonly copies: Map<string, Copy>;
}

export interface LedgerAccount {
  readonly name: string;
  /** By name. */
  readonly mailboxes: Map<string, Mailbox>;
  readonly subscriptions: Set<string>;
}

/** What an operation does to the accounts, all of it or nothing. */
export type Change =
  | {
      readonly type: 'added';
      readonly mailbox: Mailbox;
      readonly message: Message;
      readonly flags: Flags;
      readonly owner: string | null;
    }
  | { readonly type: 'removed'; readonly copy: Copy }
  | { readonly type: 'flagged'; readonly copy: Copy; readonly flags: Flags }
  | { readonly type: 'created'; readonly mailbox: Mailbox }
  | { readonly type: 'deleted'; readonly mailbox: Mailbox }
  | { readonly type: 'renamed'; readonly mailbox: Mailbox; readonly name: string }
  | { readonly type: 'subscribed' | 'unsubscribed'; readonly account: string; readonly name: string };

/** `lost`: the connection ended before the answer, or the answer was for several, so it may have been carried out or not. */
export type Outcome = 'acknowledged' | 'refused' | 'lost';

export interface Operation {
  readonly number: number;
  readonly round: number;
  readonly client: string;
  /** For the counts: APPEND, MOVE, LMTP ... */
  readonly kind: string;
  readonly text: string;
  readonly changes: readonly Change[];
  outcome: Outcome | 'under way';
  answer: string;
}

/** What is wrong, and where. */
export interface Difference {
  readonly what: string;
  readonly account?: string;
  readonly mailbox?: string;
  readonly uid?: number;
  readonly messageId?: string;
}

/** UIDs that an answer gave (APPENDUID, COPYUID), by Message-ID. */
export type GivenUids = ReadonlyMap<string, number>;

/** How IMAP and SMTP say that the same may succeed later; whatever the clients ask for may be refused for nothing else. */
const TEMPORARY = /^NO \[UNAVAILABLE\]|^4\d\d /;

/** Operations that a report can look back on. */
const OPERATIONS_KEPT = 20_000;

/** What the server has acknowledged since the data directory was made, and what it may have done without saying so. */
export class Ledger {
  round = 0;
  readonly accounts = new Map<string, LedgerAccount>();
  /** Every message ever sent, by Message-ID. */
  readonly messages = new Map<string, Message>();
  /** The same, by the hash of its content. */
  readonly messagesByHash = new Map<string, Message>();
  /** What an answer itself got wrong: told with the next comparison. */
  readonly differences: Difference[] = [];
  /** How operations of each kind ended. */
  readonly counts = new Map<string, Record<Outcome, number>>();
  operations: Operation[] = [];
  #unsettled = new Set<Operation>();
  #nextNumber = 1;

  addAccount(name: string): LedgerAccount {
    const account = { name, mailboxes: new Map<string, Mailbox>(), subscriptions: new Set<string>() };
    this.accounts.set(name, account);
    return account;
  }

  account(name: string): LedgerAccount {
    const account = this.accounts.get(name);
    if (account === undefined) throw new Error(`the ledger has no account ${name}`);
    return account;
  }

  mailbox(account: string, name: string): Mailbox {
    const mailbox = this.account(account).mailboxes.get(name);
    if (mailbox === undefined) throw new Error(`the ledger has no mailbox ${name} of ${account}`);
    return mailbox;
  }

  /** Lost ones that no comparison has decided yet. */
  get unsettled(): readonly Operation[] {
    return [...this.#unsettled];
  }

  /** To be called before anything of it is sent. */
  begin(client: string, kind: string, text: string, changes: readonly Change[]): Operation {
    for (const change of changes) {
      if (change.type !== 'added') continue;
      this.messages.set(change.message.id, change.message);
      this.messagesByHash.set(change.message.sha256, change.message);
    }
    const operation: Operation = {
      number: this.#nextNumber++,
      round: this.round,
      client,
      kind,
      text,
      changes,
      outcome: 'under way',
      answer: '',
    };
    this.operations.push(operation);
    if (this.operations.length > 2 * OPERATIONS_KEPT) this.operations = this.operations.slice(-OPERATIONS_KEPT);
    return operation;
  }

  end(operation: Operation, outcome: Outcome, answer: string, uids: GivenUids = new Map()): void {
    operation.outcome = outcome;
    operation.answer = answer;
    const counts = this.counts.get(operation.kind) ?? { acknowledged: 0, refused: 0, lost: 0 };
    counts[outcome]++;
    this.counts.set(operation.kind, counts);
    if (outcome === 'acknowledged') this.apply(operation, uids);
    if (outcome === 'lost') this.#unsettled.add(operation);
    if (outcome === 'refused' && !TEMPORARY.test(answer)) {
      const { client, text } = operation;
      this.differences.push({ what: `refused, though nothing was wrong with it: ${client} ${text}: ${answer}` });
    }
  }

  /** A comparison has found out whether a lost one was carried out. */
  settle(operation: Operation, wasDone: boolean): void {
    this.#unsettled.delete(operation);
    operation.answer += wasDone ? ' (it was done)' : ' (it was not done)';
    if (wasDone) this.apply(operation, new Map());
  }

  apply({ changes }: Pick<Operation, 'changes'>, uids: GivenUids): void {
    for (const change of changes) {
      switch (change.type) {
        case 'added': {
          const { mailbox, message, flags, owner } = change;
          mailbox.copies.set(message.id, { message, mailbox, owner, uid: uids.get(message.id) ?? null, flags });
          break;
        }
        case 'removed':
          change.copy.mailbox.copies.delete(change.copy.message.id);
          break;
        case 'flagged':
          change.copy.flags = change.flags;
          break;
        case 'created':
          this.account(change.mailbox.account).mailboxes.set(change.mailbox.name, change.mailbox);
          break;
        case 'deleted':
          this.account(change.mailbox.account).mailboxes.delete(change.mailbox.name);
          break;
        case 'renamed': {
          const { mailboxes } = this.account(change.mailbox.account);
          mailboxes.delete(change.mailbox.name);
          change.mailbox.name = change.name;
          mailboxes.set(change.name, change.mailbox);
          break;
        }
        case 'subscribed':
          this.account(change.account).subscriptions.add(change.name);
          break;
        case 'unsubscribed':
          this.account(change.account).subscriptions.delete(change.name);
          break;
        default:
          change satisfies never;
      }
    }
  }
}

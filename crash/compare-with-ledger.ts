import type { Change, Copy, Difference, Ledger, Mailbox, Operation } from './ledger.ts';
import type { Observed, ObservedMailbox, ObservedMessage } from './observed.ts';

/**
 * Compares what the server shows with the ledger. An operation whose answer was lost is decided first: everything it
 * was to do was done, or nothing. From then on the ledger says what was found. UIDs and UIDVALIDITYs that no answer
 * has told are learned.
 */
export function compareWithLedger(ledger: Ledger, observed: Observed): readonly Difference[] {
  const index = new Index(observed);
  const differences = [...ledger.differences.splice(0)];
  for (const operation of ledger.unsettled) differences.push(...decide(ledger, operation, index));
  for (const account of ledger.accounts.values()) {
    const found = observed.get(account.name);
    if (found === undefined) {
      differences.push({ account: account.name, what: 'the account is not there' });
      continue;
    }
    for (const mailbox of account.mailboxes.values()) differences.push(...compareMailbox(mailbox, index));
    for (const { name } of found.mailboxes.values()) {
      if (account.mailboxes.has(name)) continue;
      differences.push({ account: account.name, mailbox: name, what: 'a mailbox is there that should not be' });
    }
    for (const name of account.subscriptions.symmetricDifference(found.subscriptions)) {
      const what = found.subscriptions.has(name) ? 'is subscribed and should not be' : 'has lost its subscription';
      differences.push({ account: account.name, mailbox: name, what });
    }
  }
  return differences;
}

/** What was observed, by mailbox and Message-ID. */
class Index {
  readonly #observed: Observed;
  readonly #byId = new Map<ObservedMailbox, ReadonlyMap<string, readonly ObservedMessage[]>>();

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  mailbox(account: string, name: string): ObservedMailbox | undefined {
    return this.#observed.get(account)?.mailboxes.get(name);
  }

  isSubscribed(account: string, name: string): boolean {
    return this.#observed.get(account)?.subscriptions.has(name) ?? false;
  }

  messages(mailbox: ObservedMailbox | undefined, messageId: string): readonly ObservedMessage[] {
    if (mailbox === undefined) return [];
    const known = this.#byId.get(mailbox) ?? Map.groupBy(mailbox.messages, (message) => message.messageId);
    this.#byId.set(mailbox, known);
    return known.get(messageId) ?? [];
  }
}

/** `either`: it changes nothing that could be seen. */
type State = 'before' | 'after' | 'either' | 'neither';

function decide(ledger: Ledger, operation: Operation, index: Index): readonly Difference[] {
  const states = operation.changes.map((change) => stateOf(change, index));
  const isAll = (state: State) => states.every((each) => each === state || each === 'either');
  const wasDone = isAll('after');
  const isDecided = wasDone || isAll('before');
  // Of one done by half, each part that is missing or too much is then told by itself too.
  ledger.settle(operation, wasDone);
  if (isDecided) return [];
  const { client, text } = operation;
  const parts = operation.changes.map((change, i) => `${describe(change)}: ${states[i]}`);
  return [{ what: `its answer was lost, and it was done by half: ${client} ${text}; ${parts.join(', ')}` }];
}

function stateOf(change: Change, index: Index): State {
  switch (change.type) {
    case 'added': {
      const { mailbox, message } = change;
      return index.messages(index.mailbox(mailbox.account, mailbox.name), message.id).length > 0 ? 'after' : 'before';
    }
    case 'removed': {
      const { mailbox, message } = change.copy;
      return index.messages(index.mailbox(mailbox.account, mailbox.name), message.id).length > 0 ? 'before' : 'after';
    }
    case 'flagged': {
      const { mailbox, message, flags } = change.copy;
      if (flags === change.flags) return 'either';
      const [found] = index.messages(index.mailbox(mailbox.account, mailbox.name), message.id);
      if (found?.flags === change.flags) return 'after';
      return found?.flags === flags ? 'before' : 'neither';
    }
    case 'created':
      return index.mailbox(change.mailbox.account, change.mailbox.name) === undefined ? 'before' : 'after';
    case 'deleted':
      return index.mailbox(change.mailbox.account, change.mailbox.name) === undefined ? 'after' : 'before';
    case 'renamed': {
      const { account, name } = change.mailbox;
      const [from, to] = [index.mailbox(account, name), index.mailbox(account, change.name)];
      if ((from === undefined) === (to === undefined)) return 'neither';
      return to === undefined ? 'before' : 'after';
    }
    case 'subscribed':
      return index.isSubscribed(change.account, change.name) ? 'after' : 'before';
    case 'unsubscribed':
      return index.isSubscribed(change.account, change.name) ? 'before' : 'after';
    default:
      return change satisfies never;
  }
}

function describe(change: Change): string {
  switch (change.type) {
    case 'added':
      return `${change.message.id} added to ${change.mailbox.account} ${change.mailbox.name}`;
    case 'removed':
      return `${change.copy.message.id} removed from ${change.copy.mailbox.name}`;
    case 'flagged':
      return `flags of ${change.copy.message.id} in ${change.copy.mailbox.name}`;
    case 'created':
    case 'deleted':
    case 'renamed':
      return `mailbox ${change.mailbox.name} ${change.type}`;
    case 'subscribed':
    case 'unsubscribed':
      return `${change.name} ${change.type}`;
    default:
      return change satisfies never;
  }
}

function compareMailbox(mailbox: Mailbox, index: Index): readonly Difference[] {
  const at = { account: mailbox.account, mailbox: mailbox.name };
  const found = index.mailbox(mailbox.account, mailbox.name);
  if (found === undefined) return [{ ...at, what: 'a mailbox is missing' }];
  const differences: Difference[] = [];
  mailbox.uidvalidity ??= found.uidvalidity;
  if (mailbox.uidvalidity !== found.uidvalidity) {
    differences.push({ ...at, what: `its UIDVALIDITY was ${mailbox.uidvalidity} and is ${found.uidvalidity}` });
  }
  for (const copy of mailbox.copies.values()) {
    const messages = index.messages(found, copy.message.id);
    for (const what of compareCopy(copy, messages)) {
      const uid = copy.uid ?? messages[0]?.uid;
      differences.push({ ...at, messageId: copy.message.id, ...(uid !== undefined && { uid }), what });
    }
  }
  for (const { uid, messageId } of found.messages) {
    if (mailbox.copies.has(messageId)) continue;
    const what = messageId === '' ? 'octets that nobody sent' : 'a message is there that should not be';
    differences.push({ ...at, messageId, uid, what });
  }
  return differences;
}

function compareCopy(copy: Copy, messages: readonly ObservedMessage[]): readonly string[] {
  const [found] = messages;
  if (found === undefined) return ['a message that was acknowledged is missing'];
  if (messages.length > 1)
    return [`a message is there ${messages.length} times: UIDs ${messages.map(({ uid }) => uid)}`];
  copy.uid ??= found.uid;
  const differences: string[] = [];
  if (copy.uid !== found.uid) differences.push(`its UID was given as ${copy.uid} and is ${found.uid}`);
  if (copy.flags !== found.flags) differences.push(`its flags should be (${copy.flags}) and are (${found.flags})`);
  return differences;
}

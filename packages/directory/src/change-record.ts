import type { Transaction } from '@postel/storage';
import { type Actor, recordOf } from './actor.ts';

/** Something that changes are about: an account, a domain, an alias ... */
export interface Subject {
  readonly kind: SubjectKind;
  /** By which people know it: an account's name, a domain, an address. */
  readonly name: string;
  /** How it is at this moment, without secrets; null: it is not there. */
  read(tx: Transaction): Promise<State | null>;
}

export type SubjectKind =
  | 'account'
  | 'domain'
  | 'alias'
  | 'mailbox'
  | 'route'
  | 'route-rules'
  | 'defaults'
  | 'login-limits'
  | 'admin-password'
  | 'queue'
  | 'webhook';

/** What can be said of something, as JSON. Names from outside are keys: see `difference`. */
export type State = { readonly [key: string]: StateValue };
export type StateValue = string | number | boolean | null | readonly string[] | State;

/** Subjects of one transaction, as they were before it changed them. */
export class ChangeRecord {
  readonly #tx: Transaction;
  readonly #before = new Map<string, { readonly subject: Subject; readonly state: State | null }>();

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  /** To be called before a subject is changed. */
  async note(subject: Subject): Promise<void> {
    const key = `${subject.kind} ${subject.name}`;
    if (this.#before.has(key)) return;
    this.#before.set(key, { subject, state: await subject.read(this.#tx) });
  }

  /** Writes down what has changed since, in the same transaction. A change that changed nothing is none. */
  async write(actor: Actor): Promise<void> {
    if (this.#before.size === 0) throw new Error('A change of the directory does not say what it is about');
    const { door, actor: who, token, origin } = recordOf(actor);
    for (const { subject, state } of this.#before.values()) {
      const { before, after } = difference(state, await subject.read(this.#tx));
      if (before === null && after === null) continue;
      await this.#tx`
        insert into directory_changes (door, actor, token, origin, kind, name, before, after)
        values (${door}, ${who}, ${token}, ${origin}, ${subject.kind}, ${subject.name}, ${jsonText(before)}::text::jsonb,
                ${jsonText(after)}::text::jsonb)`;
    }
  }
}

/**
 * What of two states is not the same in both, to any depth; both null if nothing is. Something that is only in one of them is
 * in that one's result as it is.
 */
export function difference(
  before: State | null,
  after: State | null,
): { readonly before: State | null; readonly after: State | null } {
  if (before === null || after === null) return { before, after };
  const [left, right] = differingEntries(before, after);
  if (left.length === 0 && right.length === 0) return { before: null, after: null };
  return { before: Object.fromEntries(left), after: Object.fromEntries(right) };
}

type Entries = [string, StateValue][];

function differingEntries(before: State, after: State): readonly [Entries, Entries] {
  const left: Entries = [];
  const right: Entries = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [ownValue(before, key), ownValue(after, key)];
    if (isState(was) && isState(is)) {
      const [less, more] = differingEntries(was, is);
      if (less.length === 0 && more.length === 0) continue;
      left.push([key, Object.fromEntries(less)]);
      right.push([key, Object.fromEntries(more)]);
    } else if (JSON.stringify(was) !== JSON.stringify(is)) {
      if (was !== undefined) left.push([key, was]);
      if (is !== undefined) right.push([key, is]);
    }
  }
  return [left, right];
}

const ownValue = (state: State, key: string): StateValue | undefined =>
  Object.hasOwn(state, key) ? state[key] : undefined;

const isState = (value: StateValue | undefined): value is State =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const jsonText = (state: State | null): string | null => (state === null ? null : JSON.stringify(state));

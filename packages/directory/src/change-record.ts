import type { Transaction } from '@postel/storage';
import { type Actor, recordOf } from './actor.ts';

/** Of changes that are written down by one statement. */
const ROWS_AT_ONCE = 1_000;

/** Something that changes are about: an account, a domain, an alias ... */
export interface Subject {
  readonly kind: SubjectKind;
  /** By which people know it: an account's name, a domain, an address. */
  readonly name: string;
  /** How it is at this moment, without secrets; null: it is not there. */
  read(tx: Transaction): Promise<State | null>;
  /** As `read`, for many of the kind at once: by name, those that are there. Left out: each is read by itself. */
  readonly readAll?: (tx: Transaction, names: readonly string[]) => Promise<ReadonlyMap<string, State>>;
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

  /** To be called before a subject is changed. @param known how it is, if that was read in this transaction */
  async note(subject: Subject, known?: State | null): Promise<void> {
    const key = `${subject.kind} ${subject.name}`;
    if (this.#before.has(key)) return;
    this.#before.set(key, { subject, state: known === undefined ? await subject.read(this.#tx) : known });
  }

  /** Writes down what has changed since, in the same transaction. A change that changed nothing is none. */
  async write(actor: Actor): Promise<void> {
    if (this.#before.size === 0) throw new Error('A change of the directory does not say what it is about');
    const { door, actor: who, token, origin } = recordOf(actor);
    const after = await this.#readAll();
    const changed = [...this.#before].flatMap(([key, { subject, state }]) => {
      const { before, after: is } = difference(state, after.get(key) ?? null);
      if (before === null && is === null) return [];
      return [{ kind: subject.kind, name: subject.name, before: jsonText(before), after: jsonText(is) }];
    });
    for (let at = 0; at < changed.length; at += ROWS_AT_ONCE) {
      const rows = JSON.stringify(changed.slice(at, at + ROWS_AT_ONCE));
      await this.#tx`
        insert into directory_changes (door, actor, token, origin, kind, name, before, after)
        select ${door}, ${who}, ${token}, ${origin}, g.kind, g.name, g.before::jsonb, g.after::jsonb
          from rows from (json_to_recordset(${rows}::text::json) as (kind text, name text, before text, after text))
               with ordinality as g (kind, name, before, after, nth)
         order by nth`;
    }
  }

  /** How the subjects are now, by their keys. */
  async #readAll(): Promise<ReadonlyMap<string, State | null>> {
    const together = new Map<NonNullable<Subject['readAll']>, Map<string, string>>();
    const states = new Map<string, State | null>();
    for (const [key, { subject }] of this.#before) {
      const { name, readAll } = subject;
      if (readAll === undefined) states.set(key, await subject.read(this.#tx));
      else together.set(readAll, (together.get(readAll) ?? new Map<string, string>()).set(name, key));
    }
    for (const [readAll, keys] of together) {
      for (const [name, state] of await readAll(this.#tx, [...keys.keys()])) states.set(keys.get(name) ?? '', state);
    }
    return states;
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

import type { DirectoryChange, State, StateValue } from '@postel/directory';
import { printable } from './printable.ts';

const NAME_CHARACTERS = 60;
const CHANGE_CHARACTERS = 240;

/** Who made a change, for people: `root at mail1`, `mary by web from 192.0.2.1`. */
export function describeActor({ door, actor, token, origin }: Omit<DirectoryChange, 'before' | 'after'>): string {
  const who = printable(actor, NAME_CHARACTERS);
  switch (door) {
    case 'command':
      return `${who} at ${printable(origin ?? '?', NAME_CHARACTERS)}`;
    case 'imap':
    case 'web':
      return `${who} by ${door} from ${origin}`;
    case 'api':
      return `${who} by token ${JSON.stringify(printable(token ?? '', NAME_CHARACTERS))} from ${origin}`;
    case 'server':
      return `the server (${who})`;
    default:
      return door satisfies never;
  }
}

/** What became otherwise, on one line: `disabled: false -> true; addresses info@example.com: added`. */
export function describeDifference({ before, after }: Pick<DirectoryChange, 'before' | 'after'>): string {
  if (before === null) return 'added';
  if (after === null) return 'removed';
  return printable(differences([], before, after).join('; '), CHANGE_CHARACTERS);
}

function differences(path: readonly string[], before: State, after: State): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [was, is] = [ownValue(before, key), ownValue(after, key)];
    const here = [...path, key];
    if (isState(was) && isState(is)) return differences(here, was, is);
    return [`${here.join(' ')}: ${describeStep(was, is)}`];
  });
}

function describeStep(was: StateValue | undefined, is: StateValue | undefined): string {
  if (was === undefined) return isState(is) ? 'added' : `added ${describeValue(is)}`;
  if (is === undefined) return 'removed';
  return `${describeValue(was)} -> ${describeValue(is)}`;
}

function describeValue(value: StateValue | undefined): string {
  if (value === null || value === undefined) return 'none';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const ownValue = (state: State, key: string): StateValue | undefined =>
  Object.hasOwn(state, key) ? state[key] : undefined;

const isState = (value: StateValue | undefined): value is State =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

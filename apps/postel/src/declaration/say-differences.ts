import type { State, StateDifference } from '@postel/directory';
import { describeDifference } from '../change-texts.ts';
import { printable } from '../printable.ts';
import type { Terminal } from '../terminal.ts';

const NAME_CHARACTERS = 120;

/** A line each: `+` is missing, `-` is to go, `~` is to be otherwise. */
export function sayDifferences(terminal: Terminal, differences: readonly StateDifference[], asJson: boolean): void {
  for (const difference of differences) {
    const { kind, name, before, after } = difference;
    const what = printable(`${kind} ${name}`, NAME_CHARACTERS);
    if (asJson) terminal.say(JSON.stringify(difference));
    else if (before === null) terminal.say(`+ ${what}`);
    else if (after === null) terminal.say(`- ${what}${kind === 'account' ? ', and all its mail' : ''}`);
    else terminal.say(`~ ${what}: ${describeDifference(difference)}`);
  }
}

/** Whether something is to go that a person may miss. */
export function takesAway({ before, after }: StateDifference): boolean {
  if (before === null) return false;
  return after === null || hasLess(before, after) || hasOthers(before, after);
}

/** Passwords that are here, for those of the file. */
function hasOthers({ passwords = null }: State, after: State): boolean {
  return passwords !== null && Object.hasOwn(after, 'passwords');
}

function hasLess(before: State, after: State): boolean {
  return Object.entries(before).some(([key, was]) => {
    if (!Object.hasOwn(after, key)) return true;
    const is = after[key];
    return isState(was) && isState(is) && hasLess(was, is);
  });
}

const isState = (value: unknown): value is State =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

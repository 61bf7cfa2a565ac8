import type { Command } from '../command.ts';
import { GLOBAL_OPTIONS, namesOf } from '../find-command.ts';

/** What may follow some words of a command line. */
export interface CompletionPoint {
  /** The words so far, with a space between; none for all that may come first. */
  readonly words: string;
  /** The next words of commands, each with what it is: a command's summary, or nothing for a group of them. */
  readonly next: ReadonlyMap<string, string>;
  /** By name without hyphens: whether it takes a value. */
  readonly options: ReadonlyMap<string, boolean>;
}

/** Every place in a command line where there is something to complete, in the order of the table. */
export function completionPoints(commands: readonly Command[]): readonly CompletionPoint[] {
  const points = new Map<string, { next: Map<string, string>; options: Map<string, boolean> }>();
  const at = (words: string) => {
    const known = points.get(words);
    if (known !== undefined) return known;
    const point = { next: new Map<string, string>(), options: optionsOf(GLOBAL_OPTIONS) };
    points.set(words, point);
    return point;
  };
  for (const command of commands) {
    for (const name of namesOf(command)) {
      const words = name.split(' ');
      for (const [i, word] of words.entries()) {
        const { next } = at(words.slice(0, i).join(' '));
        const isWhole = i === words.length - 1;
        next.set(word, isWhole ? command.summary : (next.get(word) ?? ''));
      }
      const { options } = at(name);
      for (const [option, takesValue] of optionsOf(command.options ?? {})) options.set(option, takesValue);
    }
  }
  return [...points].map(([words, point]) => ({ words, ...point }));
}

const optionsOf = (options: NonNullable<Command['options']>): Map<string, boolean> =>
  new Map(Object.entries(options).map(([name, { type }]) => [name, type === 'string']));

import { parseArgs } from 'node:util';
import type { Command, CommandLine, CommandOptions } from './command.ts';
import { UsageError } from './command-error.ts';

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS = {
  data: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies CommandOptions;

export type FoundCommand =
  | { readonly type: 'command'; readonly command: Command; readonly line: CommandLine }
  /** Help was asked for: on the commands whose names begin with these words. */
  | { readonly type: 'help'; readonly words: readonly string[] };

/**
 * Finds the command that a command line names and takes the rest apart.
 * @throws {UsageError} for an unknown command or option
 */
export function findCommand(args: readonly string[], commands: readonly Command[]): FoundCommand {
  const words = wordsOf(args, commands);
  const passing = commands.find(({ name, passesOn }) => passesOn === true && isPrefix(name.split(' '), words));
  if (passing !== undefined) return passOn(args, passing);
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if (words.length === 0) {
    const [option] = args.filter((arg) => arg.startsWith('-'));
    if (!wantsHelp && option !== undefined) throw new UsageError(`Which command is ${option} for`);
    return { type: 'help', words };
  }
  const named = findNamed(words, commands);
  if (named === null) {
    if (wantsHelp && commands.some(({ name }) => isPrefix(words, name.split(' ')))) return { type: 'help', words };
    throw new UsageError(describeUnknown(words, commands));
  }
  const { command, nameWords } = named;
  if (wantsHelp) return { type: 'help', words: command.name.split(' ') };
  return { type: 'command', command, line: takeApart(args, command, nameWords) };
}

/** The command of the longest name that the words begin with: `config quota default` is not `config quota`. */
function findNamed(words: readonly string[], commands: readonly Command[]) {
  const named = commands
    .flatMap((command) => namesOf(command).map((name) => ({ command, name: name.split(' ') })))
    .filter(({ name }) => isPrefix(name, words))
    .toSorted((a, b) => b.name.length - a.name.length);
  const [longest] = named;
  return longest === undefined ? null : { command: longest.command, nameWords: longest.name.length };
}

/** All the words that call a command. */
export function namesOf({ name, alsoCalled = [] }: Pick<Command, 'name' | 'alsoCalled'>): readonly string[] {
  return [name, ...alsoCalled];
}

/** How to ask for help on the command that a command line names, or on all if it names none. */
export function helpCommand(args: readonly string[], commands: readonly Command[]): string {
  const words = wordsOf(args, commands);
  return `postel help ${findNamed(words, commands)?.command.name ?? ''}`.trim();
}

/** Of a command that passes arguments on: `-h` alone is a cry for help, `-h HOST` is for the other program. */
function passOn(args: readonly string[], command: Command): FoundCommand {
  const names = command.name.split(' ');
  const options: CommandOptions = { ...GLOBAL_OPTIONS, ...command.options };
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  let words = 0;
  const first = tokens.find((token) => {
    if (token.kind === 'positional') return ++words > names.length;
    return token.kind === 'option-terminator' || !Object.hasOwn(options, token.name);
  });
  const own = first === undefined ? args : args.slice(0, first.index);
  const passedOn =
    first === undefined ? [] : args.slice(first.kind === 'option-terminator' ? first.index + 1 : first.index);
  const wantsHelp = own.includes('--help') || (passedOn.length === 1 && passedOn[0] === '-h');
  if (wantsHelp) return { type: 'help', words: names };
  return { type: 'command', command, line: { ...takeApart(own, command, names.length), passedOn } };
}

/** The words that are neither options nor their values. All options have one meaning in all commands. */
function wordsOf(args: readonly string[], commands: readonly Command[]): readonly string[] {
  const options = Object.assign({}, ...commands.map((command) => command.options ?? {}), GLOBAL_OPTIONS);
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: false }).positionals;
}

/** @param nameWords so many words of it name the command */
function takeApart(args: readonly string[], command: Command, nameWords: number): CommandLine {
  const options: CommandOptions = { ...GLOBAL_OPTIONS, ...command.options };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return {
      positionals: positionals.slice(nameWords),
      passedOn: [],
      option(name) {
        const value = values[name];
        return typeof value === 'string' ? value : null;
      },
      optionValues(name) {
        const value = values[name];
        return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
      },
      flag: (name) => values[name] === true,
    };
  } catch (error) {
    // Some are sentences, and some go on about operands that begin with a hyphen.
    if (error instanceof TypeError)
      throw new UsageError(error.message.replace(/\.( To specify a positional .*)?$/, ''));
    throw error;
  }
}

function describeUnknown(words: readonly string[], commands: readonly Command[]): string {
  for (let length = words.length; length > 0; length--) {
    const begun = commands.filter(({ name }) => isPrefix(words.slice(0, length), name.split(' ')));
    if (begun.length === 0) continue;
    const next = [...new Set(begun.map(({ name }) => name.split(' ')[length]))];
    const said = words[length] === undefined ? '' : `, and "${words[length]}" is none of them`;
    return `"${words.slice(0, length).join(' ')}" is followed by ${next.join(', ')}${said}`;
  }
  const known = [...new Set(commands.map(({ name }) => name.split(' ')[0]))];
  return `There is no command "${words[0]}"; there are ${known.join(', ')}`;
}

function isPrefix(prefix: readonly string[], words: readonly string[]): boolean {
  return prefix.every((word, i) => word === words[i]);
}

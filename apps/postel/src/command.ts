import type { Terminal } from './terminal.ts';

/** Options of a command, in the form of node:util parseArgs. */
export type CommandOptions = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: boolean }>
>;

/** A command line taken apart, after the words that name the command. */
export interface CommandLine {
  readonly positionals: readonly string[];
  /** What is for another program, if the command `passesOn`. */
  readonly passedOn: readonly string[];
  option(name: string): string | null;
  /** The values of an option that may be given more than once. */
  optionValues(name: string): readonly string[];
  flag(name: string): boolean;
}

export interface Invocation {
  /** The data directory that `--data` names, absolute. It may not exist. */
  readonly dataDirectory: string | null;
  readonly terminal: Terminal;
  /** All commands, for `help`. */
  readonly commands: readonly Command[];
}

/** One subcommand. What `postel help` says of it stands here too, so that it is changed together with it. */
export interface CommandDefinition<Args> {
  /** The words that call it: `config account add`. */
  readonly name: string;
  /** Other words that call it; the list of commands does not show them. */
  readonly alsoCalled?: readonly string[];
  /** What follows these words: `ACCOUNT ADDRESS`. */
  readonly operands: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Everything else, and examples. */
  readonly help: string;
  readonly options?: CommandOptions;
  /** From the first argument that is no option of ours, or behind `--`, all is for another program, as it stands. */
  readonly passesOn?: boolean;
  /** @throws {UsageError} */
  parse(line: CommandLine): Args;
  /** @throws {CommandError} */
  run(args: Args, invocation: Invocation): Promise<void>;
}

/** A command as the table holds it: what its arguments are is its own business. */
export interface Command extends Omit<CommandDefinition<unknown>, 'parse' | 'run'> {
  execute(line: CommandLine, invocation: Invocation): Promise<void>;
}

export function defineCommand<Args>(definition: CommandDefinition<Args>): Command {
  const { parse, run, ...rest } = definition;
  return { ...rest, execute: (line, invocation) => run(parse(line), invocation) };
}

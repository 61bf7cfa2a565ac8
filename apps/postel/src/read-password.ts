import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { StringDecoder } from 'node:string_decoder';
import { CommandError } from './command-error.ts';

/**
 * A password from the person: typed twice without echo at a terminal, else the first line of standard input. Empty if
 * nothing was given. It is never an argument, which everybody on the machine can read.
 *
 * @throws {CommandError} the two do not match, or the person gave up
 */
export async function readPassword(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) {
    // Said because an input that nobody ends would look like a hang.
    console.error('Reading the password from standard input ...');
    return firstLine(await text(process.stdin));
  }
  const password = await readWithoutEcho(prompt);
  if (password === '') return '';
  const again = await readWithoutEcho('The same again: ');
  if (password !== again) throw new CommandError('The two passwords are not the same. Nothing was changed.');
  return password;
}

function firstLine(input: string): string {
  return input.split(/\r?\n/, 1)[0] ?? '';
}

async function readWithoutEcho(prompt: string): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true); // before the prompt: who sees it may type
  process.stderr.write(prompt);
  stdin.resume();
  const typed = new TypedLine();
  try {
    while (!typed.isComplete) {
      const [octets]: Buffer[] = await once(stdin, 'data');
      typed.add(octets ?? Buffer.alloc(0));
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    process.stderr.write('\n');
  }
  if (typed.isGivenUp) throw new CommandError('Nothing was changed.');
  return typed.text;
}

/** What the keys mean that a terminal in raw mode sends. */
export class TypedLine {
  isComplete = false;
  isGivenUp = false;
  readonly #decoder = new StringDecoder('utf8');
  readonly #characters: string[] = [];

  get text(): string {
    return this.#characters.join('');
  }

  add(octets: Buffer): void {
    for (const character of this.#decoder.write(octets)) {
      if (this.isComplete) return;
      this.#press(character);
    }
  }

  #press(character: string): void {
    switch (character) {
      case '\r':
      case '\n':
        this.isComplete = true;
        return;
      case '\x03': // Ctrl-C
      case '\x04': // Ctrl-D
        this.isComplete = true;
        this.isGivenUp = true;
        return;
      case '\x7f':
      case '\b':
        this.#characters.pop();
        return;
      case '\x15': // Ctrl-U
        this.#characters.length = 0;
        return;
      default:
        this.#characters.push(character);
    }
  }
}

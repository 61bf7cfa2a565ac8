import { execFile } from 'node:child_process';
import { join } from 'node:path';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');

/** What came of a command. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs command lines of `postel`, each in a process of its own, on the server of a data directory. */
export class CommandRunner {
  readonly #dataDirectory: string;

  constructor({ dataDirectory }: { readonly dataDirectory: string }) {
    this.#dataDirectory = dataDirectory;
  }

  /** @param line the words after `postel`; a word with a space in it is not for this */
  run(line: string, { input = '' }: { readonly input?: string } = {}): Promise<Said> {
    const args = [LAUNCHER, '--data', this.#dataDirectory, ...line.split(' ')];
    return new Promise((resolve) => {
      const child = execFile(process.execPath, args, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }

  /** What a command says that does what it says. */
  async said(line: string, options: { readonly input?: string } = {}): Promise<string> {
    const { stdout, stderr, code } = await this.run(line, options);
    if (code !== 0) throw new Error(`postel ${line}: ${stderr}`);
    return stdout;
  }

  /** The objects that a command says with `--json`. */
  async json(line: string): Promise<readonly unknown[]> {
    const lines = (await this.said(`${line} --json`)).split('\n').filter(Boolean);
    return lines.map((text) => JSON.parse(text));
  }
}

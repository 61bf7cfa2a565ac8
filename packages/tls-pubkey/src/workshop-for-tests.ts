import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory in which programs of the system run on files. */
export class Workshop implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'postel-keys-'));

  /** @returns what it printed @throws if it fails, with what it complained of */
  run(line: string, input = ''): string {
    return this.#run(line, input).stdout;
  }

  /** @returns what it printed on standard error */
  complaints(line: string): string {
    return this.#run(line, '').stderr;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }

  #run(line: string, input: string) {
    const [program = '', ...args] = line.split(' ');
    const { directory: cwd } = this;
    const ended = spawnSync(program, args, { cwd, input, encoding: 'utf8', env: { ...process.env, LANG: 'C.UTF-8' } });
    if (ended.error !== undefined) throw ended.error;
    if (ended.status !== 0) throw new Error(`${line}: exit status ${ended.status}\n${ended.stdout}\n${ended.stderr}`);
    return ended;
  }
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a test can have a small disk: only root may mount one. */
export const hasSmallDisk = process.platform === 'linux' && process.geteuid?.() === 0;
/** For the name of a test that needs one, which is to say why it is skipped. */
export const noSmallDiskNote = hasSmallDisk ? '' : ' (SKIP: needs root on Linux)';

/** A real file system that fills soon, in memory, mounted for one test. */
export class SmallDisk implements Disposable {
  readonly path: string;

  constructor(octets: number, { files = 0 }: { readonly files?: number } = {}) {
    this.path = mkdtempSync(join(tmpdir(), 'postel-disk-'));
    run('mount', '-t', 'tmpfs', '-o', `size=${octets},mode=700,nr_inodes=${files}`, 'postel-test', this.path);
  }

  /** Takes so much room, until `empty`. */
  fill(octets: number): void {
    writeFileSync(join(this.path, 'ballast'), Buffer.alloc(octets));
  }

  /** Takes all the room there is. */
  fillUp(): void {
    spawnSync('dd', ['if=/dev/zero', `of=${join(this.path, 'ballast')}`, 'bs=64k', 'oflag=append', 'conv=notrunc']);
  }

  empty(): void {
    rmSync(join(this.path, 'ballast'), { force: true });
  }

  makeReadOnly(isReadOnly: boolean): void {
    run('mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.path);
  }

  [Symbol.dispose](): void {
    run('umount', '--lazy', this.path);
    rmSync(this.path, { recursive: true });
  }
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

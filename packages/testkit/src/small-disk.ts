import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why there can be no small disk here; null if there can be. For `test.skipIf`, which is to say why. */
export const noSmallDisk = process.platform === 'linux' && process.geteuid?.() === 0 ? null : 'needs root on Linux';

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

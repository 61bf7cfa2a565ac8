import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process, and not only its number, which may be given to another later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly parent: number;
  /** In ticks since the system started. */
  readonly startedAt: string;
  readonly name: string;
}

const LOOK_AGAIN_MS = 10;

/** Processes and all their descendants; such as have ended and were not waited for are among them. Linux only. */
export function treeOf(roots: readonly number[]): readonly ProcessIdentity[] {
  const all = readdirSync('/proc').flatMap((entry) => {
    const found = /^\d+$/.test(entry) ? identify(Number(entry)) : null;
    return found === null ? [] : [found];
  });
  const byPid = new Map(all.map((each) => [each.pid, each]));
  const isOurs = ({ pid, parent }: ProcessIdentity): boolean => {
    if (roots.includes(pid)) return true;
    const above = byPid.get(parent);
    return above !== undefined && isOurs(above);
  };
  return all.filter(isOurs);
}

export function identify(pid: number): ProcessIdentity | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const nameEnd = stat.lastIndexOf(')');
    const fields = stat.slice(nameEnd + 2).split(' '); // from the third on: proc_pid_stat(5)
    const name = stat.slice(stat.indexOf('(') + 1, nameEnd);
    return { pid, parent: Number(fields[1]), startedAt: fields[19] ?? '', name };
  } catch {
    return null;
  }
}

function isThere(known: ProcessIdentity): boolean {
  return identify(known.pid)?.startedAt === known.startedAt;
}

/** @returns those that are still there after so long; 0 ms: those that are there now */
export async function afterTheirEnd(
  processes: readonly ProcessIdentity[],
  waitMs: number,
): Promise<readonly ProcessIdentity[]> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const left = processes.filter(isThere);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(LOOK_AGAIN_MS);
  }
}

/** kill -9, of a process that may have ended meanwhile. */
export function kill9(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

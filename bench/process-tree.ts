import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Proportional set size of processes and all their descendants. */
export function pssMegabytes(roots: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of treeOf(roots)) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return Math.round(kilobytes / 1024);
}

/** CPU time that processes and all their descendants have used, those that ended meanwhile included; ms, in steps of 10. */
export function cpuMs(roots: readonly number[]): number {
  let ticks = 0;
  for (const pid of treeOf(roots)) {
    const fields = fieldsOf(pid);
    for (const at of [UTIME, STIME, CUTIME, CSTIME]) ticks += Number(fields[at] ?? 0);
  }
  return (ticks * 1_000) / TICKS_A_SECOND;
}

/** Fields of /proc/PID/stat, counted from behind the name. */
const [PPID, UTIME, STIME, CUTIME, CSTIME] = [1, 11, 12, 13, 14] as const;
const TICKS_A_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Those of the processes and all their descendants that go by that title. */
export function processesTitled(title: string, roots: readonly number[]): readonly number[] {
  return treeOf(roots).filter((pid) => read(`/proc/${pid}/cmdline`).startsWith(title));
}

function treeOf(roots: readonly number[]): readonly number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry)) parents.set(Number(entry), Number(fieldsOf(Number(entry))[PPID] ?? 0));
  }
  const isOurs = (pid: number): boolean => roots.includes(pid) || (parents.has(pid) && isOurs(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isOurs);
}

/** None of a process that has ended. */
function fieldsOf(pid: number): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

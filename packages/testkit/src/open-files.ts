import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Lets a process of the test open no more than so many files beyond those it has, until disposed of. Linux only. */
export function limitOpenFiles(pid: number, more: number): Disposable {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  const [, before = ''] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  // A new file has the lowest number that is free, which must be below the limit.
  const taken = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let limit = 0;
  for (let free = 0; free < more; limit++) if (!taken.has(limit)) free++;
  setLimit(pid, limit);
  return { [Symbol.dispose]: () => setLimit(pid, Number(before)) };
}

function setLimit(pid: number, files: number): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${files}:`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`prlimit: ${stderr}`);
}

/** CPU time that a process has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100; // utime and stime, in ticks: proc_pid_stat(5)
}

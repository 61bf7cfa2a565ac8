import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';

/** A process, and not only its number: numbers are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own terms; only good to compare. */
  readonly startedAt: string;
}

/** The process of that number, `null` if there is none. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  try {
    if (process.platform === 'linux') {
      // The name in parentheses may hold anything; the state is field 3, the start time field 22: proc_pid_stat(5).
      const fields = afterName(readFileSync(`/proc/${pid}/stat`, 'latin1')).split(' ');
      const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      return fields[0] === 'Z' ? null : { pid, startedAt: `${bootId} ${fields[19]}` };
    }
    const startedAt = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return startedAt === '' ? null : { pid, startedAt };
  } catch {
    return null;
  }
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt;
}

/**
 * The processes of a program whose current directory this is. Postgres goes into its data directory, the postmaster
 * and every one of its children: so this finds them all, also those whose postmaster is dead.
 */
export function processesIn(directory: string, program: string): readonly number[] {
  const real = realpathSync(directory);
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => linkOf(pid, 'cwd') === real && basename(linkOf(pid, 'exe') ?? '').split(' ')[0] === program)
      .map(Number);
  }
  const { stdout, error } = spawnSync('lsof', ['-a', '-d', 'cwd', '-c', program, '-F', 'pn'], { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error('lsof is needed to see whether an earlier Postgres still runs', { cause: error });
  return parseLsof(stdout, real);
}

/** What a process of ours, or of anyone if we are root, has as its `cwd` or `exe`. */
function linkOf(pid: string, name: 'cwd' | 'exe'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`); // `exe` ends in " (deleted)" once a new version is installed
  } catch {
    return null; // gone meanwhile, or another user's
  }
}

/** Lines `p123`, each followed by the `n/directory` of that process. */
export function parseLsof(output: string, directory: string): readonly number[] {
  const processes: number[] = [];
  let pid = 0;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    if (line === `n${directory}`) processes.push(pid);
  }
  return processes;
}

function afterName(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2);
}

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
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

/** Sends a signal to a process that may have ended meanwhile. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * The processes of a program whose current directory this is. Postgres goes into its data directory, the postmaster
 * and every one of its children: so this finds them all, also those whose postmaster is dead.
 *
 * Where the system does not let us see the current directory of a process (root without CAP_SYS_PTRACE, as in many
 * containers, sees only its own user's), the command line says it, or that of the postmaster whose child it is.
 */
export function processesIn(directory: string, program: string): readonly number[] {
  const real = realpathSync(directory);
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        const cwd = linkOf(pid, 'cwd');
        if (cwd === HIDDEN) return nameOf(pid) === program && dataDirectoryOf(pid, program) === real;
        return cwd === real && basename(linkOf(pid, 'exe') ?? '').split(' ')[0] === program;
      })
      .map(Number);
  }
  const { stdout, error } = spawnSync('lsof', ['-a', '-d', 'cwd', '-c', program, '-F', 'pn'], { encoding: 'utf8' });
  if (error !== undefined)
    throw new Error('lsof is needed to see whether an earlier Postgres still runs', { cause: error });
  return parseLsof(stdout, real);
}

/**
 * The processes of a program that may stand in this directory, for all that we can see: `processesIn` does not list
 * them. They run as the owner of the directory, and neither their current directory nor their command line is told.
 */
export function processesPerhapsIn(directory: string, program: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const { uid } = statSync(directory);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => linkOf(pid, 'cwd') === HIDDEN && nameOf(pid) === program)
    .filter((pid) => dataDirectoryOf(pid, program) === null && statusOf(pid, 'Uid') === uid)
    .map(Number)
    .filter((pid) => identifyProcess(pid) !== null); // the dead whom nobody waited for stand nowhere
}

/** In the place of a link that we may not read. */
const HIDDEN = Symbol('hidden');

/** What a process has as its `cwd` or `exe`; `null` if it is gone meanwhile. */
function linkOf(pid: string, name: 'cwd'): string | typeof HIDDEN | null;
function linkOf(pid: string, name: 'exe'): string | null;
function linkOf(pid: string, name: 'cwd' | 'exe'): string | typeof HIDDEN | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`); // `exe` ends in " (deleted)" once a new version is installed
  } catch (error) {
    const isRefused = error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
    return isRefused && name === 'cwd' ? HIDDEN : null;
  }
}

function nameOf(pid: string): string {
  return readOrEmpty(`/proc/${pid}/comm`).trim();
}

/** The first number of a field of `/proc/PID/status`: proc_pid_status(5). */
function statusOf(pid: string, field: 'Uid' | 'PPid'): number | null {
  const [, value] = new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(readOrEmpty(`/proc/${pid}/status`)) ?? [];
  return value === undefined ? null : Number(value);
}

/** What a postmaster was given as `-D`; of a child of it, which replaces its own command line, what that one was. */
function dataDirectoryOf(pid: string, program: string): string | null {
  const own = parseDataDirectory(readOrEmpty(`/proc/${pid}/cmdline`));
  const parent = String(statusOf(pid, 'PPid'));
  const given = own ?? (nameOf(parent) === program ? parseDataDirectory(readOrEmpty(`/proc/${parent}/cmdline`)) : null);
  if (given === null) return null;
  try {
    return realpathSync(given);
  } catch {
    return given;
  }
}

/** @param cmdline arguments, each ended by a NUL */
export function parseDataDirectory(cmdline: string): string | null {
  const args = cmdline.split('\0');
  const at = args.indexOf('-D');
  const given = at === -1 ? args.find((arg) => /^-D./.test(arg))?.slice(2) : args[at + 1];
  return given?.startsWith('/') ? given : null;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
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

import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandError } from '../command-error.ts';
import { processesIn, processesPerhapsIn, signalProcess } from '../data-directory/process-identity.ts';
import { postmasterFilePath, readPostmasterFile } from './postmaster-file.ts';

/** Signals to a postmaster, from patient to rude: Postgres documentation, "Shutting Down the Server". */
const FAST = 'SIGINT';
const IMMEDIATE = 'SIGQUIT';

const FAST_DEADLINE_MS = 20_000;
const IMMEDIATE_DEADLINE_MS = 5_000;
const ORPHANS_DEADLINE_MS = 5_000;
const LOOK_AGAIN_MS = 20;

/**
 * Ends a Postgres that outlived its supervisor, so that the new one is our child, with the settings of today. Every
 * process is recognized by its program and by the data directory it stands in, never by a number in a file alone.
 *
 * Afterwards a `postmaster.pid` that is still there says nothing any more. Postgres itself would refuse to start if
 * its number is taken, by another program meanwhile or by a dead child that nobody waited for (as in containers whose
 * first process does not), so it is removed then. That is safe only because nobody is in the data directory: deleting
 * it beside a living backend would let two servers write one database.
 */
export async function stopLeftOverPostgres(cluster: string, report: (line: string) => void): Promise<void> {
  const file = readPostmasterFile(cluster);
  if (file === null) return;
  if (file.pid !== null && processesIn(cluster, 'postgres').includes(file.pid)) {
    report(`stopping the Postgres that an earlier Postel left running (PID ${file.pid})`);
    signalProcess(file.pid, FAST);
    if (!(await isEmptyWithin(cluster, FAST_DEADLINE_MS))) {
      signalProcess(file.pid, IMMEDIATE);
      await isEmptyWithin(cluster, IMMEDIATE_DEADLINE_MS);
    }
  }
  await endOrphans(cluster);
  if (file.pid !== null && !isTaken(file.pid)) return;
  if (!(await isWithin(ORPHANS_DEADLINE_MS, () => processesPerhapsIn(cluster, 'postgres').length === 0))) {
    const perhaps = processesPerhapsIn(cluster, 'postgres');
    throw new CommandError(
      `Processes of some Postgres run (PIDs ${perhaps.join(', ')}), and this system does not tell whether they use ` +
        `${cluster}. If they do, stop them; if not, remove ${postmasterFilePath(cluster)}. Then start Postel again.`,
    );
  }
  await rm(postmasterFilePath(cluster), { force: true });
}

/** As Postgres asks: the dead whom nobody waited for count, and processes of other users. */
function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Children of a postmaster that was killed notice its death and end; whoever does not in time is ended. */
async function endOrphans(cluster: string): Promise<void> {
  if (await isEmptyWithin(cluster, ORPHANS_DEADLINE_MS)) return;
  for (const pid of processesIn(cluster, 'postgres')) signalProcess(pid, 'SIGKILL');
  if (await isEmptyWithin(cluster, ORPHANS_DEADLINE_MS)) return;
  throw new CommandError(
    `Processes of an earlier Postgres still use ${cluster} (PIDs ${processesIn(cluster, 'postgres').join(', ')}). ` +
      'Stop them, and start Postel again.',
  );
}

function isEmptyWithin(cluster: string, deadlineMs: number): Promise<boolean> {
  return isWithin(deadlineMs, () => processesIn(cluster, 'postgres').length === 0);
}

async function isWithin(deadlineMs: number, isSo: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + deadlineMs;
  while (!isSo()) {
    if (performance.now() > giveUpAt) return false;
    await wait(LOOK_AGAIN_MS);
  }
  return true;
}

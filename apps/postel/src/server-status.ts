import { statfs } from 'node:fs/promises';
import type { Database } from '@postel/storage';
import type { Invocation } from './command.ts';
import type { RunState } from './data-directory/run-file.ts';
import { findRunning, type ServerPlace, startOf } from './running-servers.ts';
import { useDatabase } from './use-database.ts';
import type { NamedServer } from './which-server.ts';

/** What runs on a host, and what the whole server holds. */
export interface ServerStatus {
  readonly isReady: boolean;
  /** Null: of a version that did not say it. */
  readonly version: string | null;
  readonly directory: string;
  readonly processes: readonly ProcessStatus[];
  readonly listens: readonly { readonly service: string; readonly port: number }[];
  readonly counts: StatusCounts;
  readonly disks: readonly DiskStatus[];
}

interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  /** Epoch ms; null if it is not known. */
  readonly startedAt: number | null;
}

interface DiskStatus {
  readonly path: string;
  readonly octets: number;
  /** For whoever is not root. */
  readonly freeOctets: number;
}

type StatusCounts = Awaited<ReturnType<typeof readCounts>>;

/** @returns null if nothing runs there @throws {CommandError} */
export async function readServerStatus(
  invocation: Invocation,
  server: NamedServer,
  place: ServerPlace,
): Promise<ServerStatus | null> {
  const running = findRunning(place);
  const [first] = running;
  if (first === undefined) return null;
  const { counts, paths } = await useDatabase(invocation, server, async ({ database, blobs }) => ({
    counts: await readCounts(database),
    paths: [place.directory.path, ...('directory' in blobs ? [blobs.directory] : [])],
  }));
  return {
    isReady: running.every(({ isReady }) => isReady),
    version: first.version,
    directory: place.directory.path,
    processes: running.flatMap(processesOf),
    listens: running.flatMap(({ ports }) => Object.entries(ports).map(([service, port]) => ({ service, port }))),
    counts,
    disks: await readDisks(paths),
  };
}

function processesOf({ pid, startedAt, postgres, apps }: RunState): readonly ProcessStatus[] {
  const all = [
    { name: 'supervisor', pid, startedAt },
    ...(postgres === null ? [] : [{ name: 'postgres', ...postgres }]),
    ...apps,
  ];
  return all.map((one) => ({ name: one.name, pid: one.pid, startedAt: startOf(one) }));
}

async function readCounts({ sql }: Database) {
  const { countDirectory } = await import('@postel/directory');
  const { countWaiting } = await import('@postel/storage');
  const { countQueue } = await import('@postel/queue');
  const { disabledAccounts: _, ...counts } = await countDirectory(sql);
  return { ...counts, ...(await countWaiting(sql)), queued: await countQueue(sql) };
}

/** Each disk once. */
async function readDisks(paths: readonly string[]): Promise<readonly DiskStatus[]> {
  const disks = new Map<string, DiskStatus>();
  for (const path of paths) {
    const found = await statfs(path).catch(() => null);
    if (found === null) continue;
    const { type, blocks, bsize, bavail } = found;
    const disk = { path, octets: blocks * bsize, freeOctets: bavail * bsize };
    const key = `${type} ${blocks} ${bavail}`;
    if (!disks.has(key)) disks.set(key, disk);
  }
  return [...disks.values()];
}

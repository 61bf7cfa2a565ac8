import { statfs } from 'node:fs/promises';

/** To replay its log, write a checkpoint and begin a file of its log (16 MB), Postgres needs so much. */
const ROOM_OCTETS = 48 * 1024 * 1024;
const MB = 1024 * 1024;

/** What is wrong, in words, if the disk of that directory has no room for Postgres to start; else `null`. */
export async function lackOfRoom(directory: string): Promise<string | null> {
  const disk = await statfs(directory).catch(() => null);
  if (disk === null || disk.bavail * disk.bsize >= ROOM_OCTETS) return null;
  const free = Math.floor((disk.bavail * disk.bsize) / MB);
  return `the disk of ${directory} has ${free} MB free, and the database needs ${ROOM_OCTETS / MB} MB to start`;
}

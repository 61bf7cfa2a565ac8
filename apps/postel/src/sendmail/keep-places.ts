import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const OTHERS_MAY_WRITE = 0o022;

/**
 * Where this user's messages are kept, the best place first: beside their other state, or, for a user of the system who
 * has no home, where the machine keeps temporary files over a restart.
 */
export function defaultPlaces(env: Environment): readonly string[] {
  const { HOME, XDG_STATE_HOME } = env;
  const home = HOME || homedir();
  // A home that is not there is not made: that would be somebody else's idea of it.
  const ofHome = XDG_STATE_HOME || (existsSync(home) ? join(home, '.local', 'state') : null);
  const everybodys = join('/var/tmp', `postel-sendmail-${userInfo().uid}`);
  return [...(ofHome === null ? [] : [join(resolve(ofHome), 'postel', 'sendmail')]), everybodys];
}

/**
 * Makes a directory for messages, if there is none, and makes sure that it is this user's: one in a directory where all
 * may write could be anybody's.
 *
 * @throws {Error} whatever it is that it cannot be used for
 */
export function makePlace(directory: string): void {
  mkdirSync(dirname(directory), { recursive: true, mode: 0o700 });
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  requirePlace(directory);
}

/** @throws {Error} if the directory is another user's, or others may write to it */
export function requirePlace(directory: string): void {
  const stats = lstatSync(directory);
  if (!stats.isDirectory()) throw new Error(`${directory} is no directory`);
  if (stats.uid !== userInfo().uid) throw new Error(`${directory} belongs to another user`);
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0) throw new Error(`others may write to ${directory}`);
}

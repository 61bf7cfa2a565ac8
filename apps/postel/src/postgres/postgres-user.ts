import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { CommandError } from '../command-error.ts';
import { ANOTHER_DIRECTORY } from '../data-directory/data-directory.ts';

/** As whom Postgres runs. It refuses to run as root. */
export type PostgresUser =
  | { readonly type: 'self' }
  /** Root calls itself by an ordinary number in a user namespace. It keeps its access to root's files. */
  | { readonly type: 'namespace' }
  | { readonly type: 'other'; readonly uid: number; readonly gid: number };

/** Postgres only compares it with 0 and with the owner of its files, which is mapped as well. */
const MAPPED_ID = 1000;

/** Users that systems have for such a purpose. */
const SYSTEM_USERS = ['postgres', 'nobody'];

/**
 * Chooses as whom to run Postgres.
 *
 * As root: as the owner of its files if that is an ordinary user; else in a user namespace; else, where the system
 * refuses those, as a system user, if the data directory can be reached by it.
 *
 * @param program postgres, to try with
 * @param parent the data directory
 * @param cluster Postgres's own directory in it; may not exist yet
 * @throws {CommandError} if there is no way
 */
export async function choosePostgresUser(program: string, parent: string, cluster: string): Promise<PostgresUser> {
  const self = process.geteuid?.() ?? -1;
  const owner = await stat(cluster).catch(() => null);
  if (self !== 0) {
    if (owner === null || owner.uid === self) return { type: 'self' };
    throw new CommandError(`${cluster} belongs to another user (number ${owner.uid}). Start Postel as that one.`);
  }
  if (owner !== null && owner.uid !== 0) return { type: 'other', uid: owner.uid, gid: owner.gid };
  if (works(program, ['--version'], { type: 'namespace' })) return { type: 'namespace' };
  if (owner === null) {
    await chmod(parent, 0o711); // to be passed through, not to be read
    for (const user of systemUsers())
      if (works('test', ['-x', parent], user) && works(program, ['--version'], user)) return user;
    await chmod(parent, 0o700);
  }
  throw new CommandError(
    'Postgres refuses to run as root, this system refuses user namespaces (unshare --user), and no system user can ' +
      `reach ${parent}. Start Postel as an ordinary user, or use ${ANOTHER_DIRECTORY}, that others may pass through.`,
  );
}

/** A command line as that user. */
export function asPostgresUser(user: PostgresUser, program: string, args: readonly string[]) {
  switch (user.type) {
    case 'self':
      return { file: program, args, options: {} };
    case 'namespace':
      // unshare becomes the program: the PID is the program's own.
      return {
        file: 'unshare',
        args: ['--user', `--map-user=${MAPPED_ID}`, `--map-group=${MAPPED_ID}`, '--', program, ...args],
        options: {},
      };
    case 'other':
      return { file: program, args, options: { uid: user.uid, gid: user.gid } };
    default:
      return user satisfies never;
  }
}

function works(program: string, args: readonly string[], user: PostgresUser): boolean {
  const command = asPostgresUser(user, program, args);
  return spawnSync(command.file, command.args, { ...command.options, cwd: '/', stdio: 'ignore' }).status === 0;
}

function systemUsers(): readonly PostgresUser[] {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  return SYSTEM_USERS.flatMap((name) => {
    const [, , uid, gid] = entries.find(([entry]) => entry === name) ?? [];
    return uid === undefined || gid === undefined
      ? []
      : [{ type: 'other' as const, uid: Number(uid), gid: Number(gid) }];
  });
}

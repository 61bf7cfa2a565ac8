import { appendFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CommandError } from '../command-error.ts';
import { ANOTHER_DIRECTORY } from '../data-directory/data-directory.ts';
import { LOCALE, type PostgresPrograms } from './postgres-programs.ts';
import { SETTINGS_FILE } from './postgres-settings.ts';

/** The database of Postel, and the role that owns it and everything else. */
export const DATABASE = 'postel';
export const SUPERUSER = 'postel';

/**
 * Makes Postgres's data directory if there is none yet. It is made under another name and moved when it is whole and on
 * the disk: a start that is cut short leaves nothing that looks finished.
 *
 * @param directory where it shall be; its parent belongs to us alone
 * @throws {CommandError} if the one that is there is of another major version
 */
export async function makeClusterIfMissing(
  programs: PostgresPrograms,
  directory: string,
  report: (line: string) => void,
): Promise<void> {
  await removeHalfMade(directory);
  const version = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => null);
  if (version === null) {
    report('making the database');
    try {
      await makeCluster(programs, directory);
    } finally {
      await removeHalfMade(directory);
    }
  } else if (version.trim() !== programs.major) {
    throw new CommandError(
      `The database in ${directory} is of Postgres ${version.trim()}, and this is Postgres ${programs.major}, which ` +
        `cannot read it. Start the Postel that made it, or use ${ANOTHER_DIRECTORY}.`,
    );
  }
}

async function makeCluster(programs: PostgresPrograms, directory: string): Promise<void> {
  const halfMade = `${directory}${HALF_MADE}${process.pid}-${Date.now()}`;
  await mkdir(halfMade, { mode: 0o700 });
  await programs.handOver(halfMade);
  await programs.run('initdb', [
    `--pgdata=${halfMade}`,
    `--username=${SUPERUSER}`,
    '--encoding=UTF8',
    '--locale-provider=libc',
    `--locale=${LOCALE}`,
    '--data-checksums',
    // The socket's directory admits nobody else; there is no other way in.
    '--auth-local=trust',
    '--auth-host=reject',
    '--no-instructions',
  ]);
  await programs.run('postgres', ['--single', '-D', halfMade, 'postgres'], `create database ${DATABASE}\n`);
  const configuration = join(halfMade, 'postgresql.conf');
  await appendFile(
    configuration,
    `\n# Postel writes this file at each start. Settings below this line win over it.\ninclude_if_exists '${SETTINGS_FILE}'\n`,
  );
  await sync(configuration);
  await rename(halfMade, directory);
  await sync(dirname(directory));
}

const HALF_MADE = '.new-';

async function removeHalfMade(directory: string): Promise<void> {
  const names = await readdir(dirname(directory));
  const halfMade = names.filter((name) => name.startsWith(`${basename(directory)}${HALF_MADE}`));
  for (const name of halfMade) {
    // An initdb whose starter was killed may still write there. What it makes later is removed at the next start.
    await rm(join(dirname(directory), name), { recursive: true, force: true }).catch(() => {});
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { chmodSync, chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { CommandError } from '../command-error.ts';

/**
 * Sets a top-level key of a configuration file that can be read. Comments and everything else stay as they are, and so do mode and
 * owner; the file is whole at every moment.
 *
 * @throws {CommandError} if it cannot be written
 */
export function setInConfiguration(file: string, key: string, value: string): void {
  const next = `${file}.next`;
  try {
    const document = parseDocument(readFileSync(file, 'utf8'));
    document.set(key, value);
    const { mode, uid, gid } = statSync(file);
    try {
      writeFileSync(next, document.toString({ lineWidth: 0 }), { mode: 0o600 });
      chownSync(next, uid, gid);
      chmodSync(next, mode);
      renameSync(next, file);
    } finally {
      rmSync(next, { force: true });
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new CommandError(
      `Cannot change ${file}: ${why}. Set ${key} to ${value} in it, and send SIGHUP to the server.`,
    );
  }
}

import { chmodSync, chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isMap, parseDocument } from 'yaml';
import { CommandError } from '../command-error.ts';

/** Of a value: the keys that lead to it, and the value; null: the key goes. */
export type Setting = readonly [path: readonly [string, ...string[]], value: string | null];

/**
 * Sets keys of a configuration file that can be read. Comments and everything else stay as they are, and so do mode and
 * owner; the file is whole at every moment.
 *
 * @throws {CommandError} if it cannot be written
 */
export function setInConfiguration(file: string, settings: readonly Setting[]): void {
  const next = `${file}.next`;
  try {
    const document = parseDocument(readFileSync(file, 'utf8'));
    for (const [path, value] of settings) {
      const [first] = path;
      // An empty section is null in YAML, in which nothing can be set.
      if (path.length > 1 && !isMap(document.get(first))) document.delete(first);
      if (value !== null) document.setIn(path, value);
      else if (document.hasIn(path)) document.deleteIn(path);
      const section = document.get(first);
      if (isMap(section) && section.items.length === 0) document.delete(first);
    }
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
      `Cannot change ${file}: ${why}. Change it by hand, and send SIGHUP to the server: ${settings.map(inWords).join('; ')}.`,
    );
  }
}

function inWords([path, value]: Setting): string {
  const key = path.join('.');
  return value === null ? `without ${key}` : `${key}: ${value}`;
}

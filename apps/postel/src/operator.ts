import { hostname, userInfo } from 'node:os';
import type { Actor } from '@postel/directory';

/** The person at the shell; behind sudo, both who it is and who they act as. */
export function operator(): Actor {
  const { SUDO_USER: behind } = process.env;
  const user = userName();
  return { type: 'operator', user: behind === undefined ? user : `${behind} as ${user}`, host: hostname() };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? '?'}`; // a container's, which no file names
  }
}

import type { CrashServer } from './crash-server.ts';
import { identify, type ProcessIdentity } from './process-tree.ts';
import type { Random } from './random.ts';

/** What is killed: one process of its kind, or everything. */
export const TARGETS = ['imap', 'smtp', 'backend', 'postmaster', 'supervisor', 'other', 'all'] as const;
export type Target = (typeof TARGETS)[number];

/** Words of `--only`. */
export const TARGET_GROUPS: Readonly<Record<string, readonly Target[]>> = {
  imap: ['imap'],
  smtp: ['smtp'],
  postgres: ['backend', 'postmaster'],
  supervisor: ['supervisor'],
  other: ['other'],
  all: ['all'],
};

/** A process to kill, at random, of each kind; `other`: an app that is neither IMAP nor SMTP. Empty if there is none. */
export function choose(server: CrashServer, target: Target, random: Random): readonly ProcessIdentity[] {
  const running = server.running();
  if (running === null) return [];
  const { supervisor, postgres, apps } = running;
  const kindOf = (name: string) => name.replace(/-\d+$/, '');
  const anyOf = (pids: readonly (number | null)[]) => {
    const there = pids.flatMap((pid) => (pid === null ? null : identify(pid)) ?? []);
    return there.length === 0 ? [] : [random.pick(there)];
  };
  switch (target) {
    case 'imap':
    case 'smtp':
      return anyOf(apps.filter(({ name }) => kindOf(name) === target).map(({ pid }) => pid));
    case 'other':
      return anyOf(apps.filter(({ name }) => !['imap', 'smtp'].includes(kindOf(name))).map(({ pid }) => pid));
    case 'backend':
      return anyOf(
        server
          .processes()
          .filter(({ parent }) => parent === postgres)
          .map(({ pid }) => pid),
      );
    case 'postmaster':
      return anyOf([postgres]);
    case 'supervisor':
      return anyOf([supervisor]);
    case 'all':
      return server.processes();
    default:
      return target satisfies never;
  }
}

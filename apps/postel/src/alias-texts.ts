import type { Posters } from '@postel/directory';

/** Who may post, in words. */
export const POSTERS: Readonly<Record<Posters, string>> = {
  anyone: 'anyone',
  members: 'its members alone',
  named: 'those named as posters alone',
};

export const REFUSED_FOR_NOW =
  'Some of its members are at other servers: where mail to those is off (relay: off, localserve), mail for it is refused.';

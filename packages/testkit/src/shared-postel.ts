import { inject } from 'vitest';
import { RunningPostel } from './running-postel.ts';
import './shared-server.ts';

/**
 * The server that all tests of a run share. It must not be stopped or changed: each test makes accounts of its own.
 * @throws if the mail servers could not be started
 */
export function sharedPostel(): RunningPostel {
  const { dataDirectory, problem } = inject('postelServer');
  if (problem !== null) throw new Error(problem);
  return new RunningPostel(dataDirectory);
}

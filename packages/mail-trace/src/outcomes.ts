import type { TransactionOutcome } from '@postel/storage';

/** What people ask for, and the outcomes that they mean by it. */
export const OUTCOMES = {
  delivered: ['delivered', 'junk'],
  junk: ['junk'],
  waiting: ['waiting', 'held'],
  queued: ['queued'],
  refused: ['refused', 'deferred', 'suspect'],
  failed: ['left-out', 'broken-off', 'given-up'],
} as const satisfies Record<string, readonly TransactionOutcome[]>;

export type OutcomeName = keyof typeof OUTCOMES;

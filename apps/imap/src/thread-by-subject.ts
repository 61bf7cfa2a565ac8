import { NONE } from './growing-trees.ts';
import { highestOf } from './thread-by-references.ts';

/**
 * THREAD=ORDEREDSUBJECT (RFC 5256 §3): of messages with the same base subject the eldest is the parent of all others.
 *
 * @param byDate all messages, the eldest first
 * @param subjects equal for equal base subjects
 * @returns the parent of each message, NONE for roots
 */
export function threadBySubject(byDate: Uint32Array, subjects: ArrayLike<number>): Uint32Array {
  const parents = new Uint32Array(byDate.length).fill(NONE);
  const roots = new Uint32Array(highestOf(subjects) + 1).fill(NONE);
  for (const message of byDate) {
    const subject = subjects[message] ?? 0;
    const root = roots[subject] ?? NONE;
    if (root === NONE) roots[subject] = message;
    else parents[message] = root;
  }
  return parents;
}

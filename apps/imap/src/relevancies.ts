import type { ScoredMessages } from '@postel/storage';
import { Bad } from './command.ts';
import { lowerBound } from './mailbox-view.ts';
import type { SearchKeys } from './search-key.ts';

/** Of a message that was found without any fuzzy match, by another key of OR for instance. */
const EXACT = 100;

/** How well messages meet a search with fuzzy keys, from 1 to 100 (RFC 6203 §4). */
export class Relevancies {
  readonly #scored: ScoredMessages[] = [];

  /** What one fuzzy key found. */
  add(scored: ScoredMessages): void {
    this.#scored.push(scored);
  }

  /** The mean of what the keys that found it say. */
  of(uid: number): number {
    let sum = 0;
    let count = 0;
    for (const { uids, scores } of this.#scored) {
      const at = lowerBound(uids, uid);
      if (uids[at] !== uid) continue;
      sum += scores[at] ?? 0;
      count++;
    }
    return count === 0 ? EXACT : Math.round(sum / count);
  }
}

/** RFC 6203 §4: relevancies are of fuzzy keys. @throws {Bad} */
export function requireFuzzy({ isFuzzy }: SearchKeys): void {
  if (!isFuzzy) throw new Bad('RELEVANCY is of searches with FUZZY');
}

import { No } from './command.ts';
import { LIST_PATTERNS, LIST_STEPS, LIST_STEPS_A_TURN } from './limits.ts';
import { ListPattern } from './list-pattern.ts';
import { canonicalName } from './mailbox-name.ts';
import type { Session } from './session.ts';

/** The patterns of one LIST or LSUB, behind its reference. What they cost is bounded, and shared with other connections. */
export class ListPatterns {
  readonly #session: Session;
  readonly #patterns: readonly ListPattern[];
  #turns = 0;

  /** @throws {No} if there are too many */
  constructor(session: Session, reference: string, patterns: readonly string[]) {
    if (patterns.length > LIST_PATTERNS) throw new No(`At most ${LIST_PATTERNS} patterns`, 'LIMIT');
    this.#session = session;
    this.#patterns = patterns.map((pattern) => new ListPattern(canonicalName(reference + pattern)));
  }

  /** Names that match are this, or are below it; null if nothing is known of them. */
  get under(): string | null {
    const [first, ...more] = this.#patterns;
    return first !== undefined && more.length === 0 ? first.under : null;
  }

  get endsInPercent(): boolean {
    return this.#patterns.some((pattern) => pattern.endsInPercent);
  }

  /** @throws {No} if all the names together took too long */
  async matches(name: string): Promise<boolean> {
    const isMatch = this.#patterns.some((pattern) => pattern.matches(name));
    const steps = this.#patterns.reduce((sum, pattern) => sum + pattern.steps, 0);
    if (steps > LIST_STEPS) throw new No('The pattern is too costly', 'LIMIT');
    if (steps >= (this.#turns + 1) * LIST_STEPS_A_TURN) {
      this.#turns = Math.floor(steps / LIST_STEPS_A_TURN);
      await this.#session.transport.flushMuch();
    }
    return isMatch;
  }
}

/** At most so many problems are told in each period; all of them are in the log. */
const PROBLEMS_PER_PERIOD = 10;
const PERIOD_MS = 1_000;

/** Passes log lines on, but not a flood of them: the channel to the supervisor must not fill. */
export class ProblemReporter {
  readonly #report: (line: string) => void;
  #periodStart = 0;
  #count = 0;

  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  add(line: string): void {
    const now = performance.now();
    if (now - this.#periodStart >= PERIOD_MS) {
      this.#periodStart = now;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count <= PROBLEMS_PER_PERIOD) this.#report(line);
  }
}

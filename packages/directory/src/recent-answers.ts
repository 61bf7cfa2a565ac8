/**
 * What was read of the directory serves so long. Whoever takes something away waits for that time after the commit, so nobody
 * has it from then on: nobody on any host, with any clock, or cut off from everybody else.
 */
export const RECENT_MS = 100;

/** Which version the directory had when this process asked last. */
export class RecentVersion {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  #version: number | null = null;
  #changes = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.now = now;
  }

  /** @param askedAt before the database was asked for the version */
  learn(version: number, askedAt: number): void {
    if (askedAt < this.#askedAt) return;
    this.#askedAt = askedAt;
    if (version === this.#version) return;
    this.#version = version;
    this.#changes++; // a database that was restored has the same version twice
  }

  /** Stands for what the directory is now; null if that is not known. */
  get current(): number | null {
    return this.now() - this.#askedAt < RECENT_MS ? this.#changes : null;
  }

  /** The same of what was read with a version; null if there is a newer one. */
  ofVersion(version: number): number | null {
    return version === this.#version ? this.#changes : null;
  }
}

export interface RecentAnswersOptions {
  readonly version: RecentVersion;
  readonly maxEntries: number;
  readonly lifetimeMs: number;
}

/** An answer of the database. */
interface Read<Answer> {
  readonly answer: Answer;
  /** Read together with it; null if it was not. */
  readonly version: number | null;
  /** It will do for whoever asks next. */
  readonly isToKeep: boolean;
}

/**
 * Spares the database questions about the directory that it has just answered: of those that come together one asks it, and learns
 * the version of the directory with its answer. While that is no older than `RECENT_MS`, all answers of this version hold.
 */
export class RecentAnswers<Answer> {
  readonly #options: RecentAnswersOptions;
  /** All of one version; the order of the map is that of time. */
  readonly #answers = new Map<string, { readonly answer: Answer; readonly expiry: number }>();
  #readAt: number | null = null;

  constructor(options: RecentAnswersOptions) {
    this.#options = options;
  }

  /** Null: the database is to be asked. */
  find(key: string): Answer | null {
    const { version } = this.#options;
    const { current } = version;
    if (current === null || current !== this.#readAt) return null;
    const known = this.#answers.get(key);
    return known !== undefined && known.expiry > version.now() ? known.answer : null;
  }

  /** @param version that it was found by */
  add(key: string, answer: Answer, version: number): void {
    const { maxEntries, lifetimeMs, version: newest } = this.#options;
    const readAt = newest.ofVersion(version);
    if (readAt === null) return;
    if (readAt !== this.#readAt) this.#answers.clear();
    this.#readAt = readAt;
    this.#answers.delete(key);
    this.#answers.set(key, { answer, expiry: newest.now() + lifetimeMs });
    if (this.#answers.size <= maxEntries) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#answers.delete(oldest);
  }

  /** Gives the answer that is known, or reads it. */
  async ask(key: string, read: () => Promise<Read<Answer>>): Promise<Answer> {
    const known = this.find(key);
    if (known !== null) return known;
    const { version: newest } = this.#options;
    const askedAt = newest.now();
    const { answer, version, isToKeep } = await read();
    if (version !== null) {
      newest.learn(version, askedAt);
      if (isToKeep) this.add(key, answer, version);
    }
    return answer;
  }
}

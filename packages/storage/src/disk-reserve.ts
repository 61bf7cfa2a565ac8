import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageError } from './errors.ts';

/** How long what was seen of a disk counts, less what was taken since. */
const FRESH_MS = 1_000;
/** A disk that has not said by then, a network disk that is away for instance, is as one that does not say. */
const ANSWER_MS = 1_000;
/** While there is too little, so that it is told when there is enough again. */
const LOOK_AGAIN_MS = 5_000;
/** A message may need a file or two, and Postgres some. */
const RESERVE_FILES = 1_000;

export interface DiskReserveOptions {
  /** On the file systems to be watched: of the blobs, and of the database if it is on this machine. */
  readonly directories: readonly string[];
  /** Nothing new is taken that would leave less than this. */
  readonly octets: number;
  /** The reserve is touched, or whole again; told once each. */
  onChange?(isWhole: boolean, freeOctets: number): void;
}

/**
 * Keeps room on the disk for what must go on when it fills: flag changes, removals, Postgres's log. New mail is refused
 * before the disk is full.
 */
export class DiskReserve {
  readonly #options: DiskReserveOptions;
  #seenAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  /** Disks asked that have not answered: each holds a thread, of which there are few, so none is asked twice at a time. */
  readonly #asked = new Map<string, Promise<StatsFs | null>>();
  #freeOctets = Number.POSITIVE_INFINITY;
  #hasFiles = true;
  /** Since we looked; it may not be on the disk yet. */
  #takenOctets = 0;
  #isWhole = true;
  #refusals = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DiskReserveOptions) {
    this.#options = options;
  }

  /** How often something was refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Free on the fullest of the disks, as of now; infinity if no disk says. */
  async freeOctets(): Promise<number> {
    await this.#look();
    return this.#freeOctets;
  }

  /**
   * Whether there is room for something new of that size. The disk is looked at once a second at most.
   *
   * @throws {StorageError} 'disk-full'
   */
  async require(sizeOctets: number): Promise<void> {
    if (performance.now() - this.#seenAt >= FRESH_MS) await this.#look();
    if (this.#hasFiles && this.#freeOctets - this.#takenOctets - sizeOctets >= this.#options.octets) return;
    this.#refusals++;
    throw new StorageError('disk-full', 'There is no room for new mail on the disk');
  }

  /** As `require`, for what is written now. */
  async take(octets: number): Promise<void> {
    await this.require(octets);
    this.#takenOctets += octets;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const late = new AbortController();
    const isLate = delay(ANSWER_MS, null, { signal: late.signal }).catch(() => null);
    const disks = await Promise.all(
      this.#options.directories.map((directory) => Promise.race([this.#ask(directory), isLate])),
    );
    late.abort();
    const known = disks.filter((disk) => disk !== null);
    this.#freeOctets = Math.min(...known.map(({ bavail, bsize }) => bavail * bsize));
    // Some file systems count no files.
    this.#hasFiles = known.every(({ files, ffree }) => files === 0 || ffree >= RESERVE_FILES);
    this.#takenOctets = 0;
    this.#seenAt = performance.now();
    this.#note(this.#freeOctets >= this.#options.octets && this.#hasFiles);
  }

  #ask(directory: string): Promise<StatsFs | null> {
    const asked = this.#asked.get(directory);
    if (asked !== undefined) return asked;
    const answer = statDisk(directory).finally(() => this.#asked.delete(directory));
    this.#asked.set(directory, answer);
    return answer;
  }

  #note(isWhole: boolean): void {
    clearTimeout(this.#timer);
    if (!isWhole) this.#timer = setTimeout(() => void this.#look(), LOOK_AGAIN_MS).unref();
    if (isWhole === this.#isWhole) return;
    this.#isWhole = isWhole;
    this.#options.onChange?.(isWhole, this.#freeOctets);
  }
}

/** Null for a disk that does not say: what is wrong with it shows when it is written to. */
function statDisk(directory: string): Promise<StatsFs | null> {
  return statfs(directory).catch(() => null);
}

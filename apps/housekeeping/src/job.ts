import type { BlobStore, Database, Store } from '@postel/storage';
import type { Logger } from '@postel/supervision';

/** What every job may use. */
export interface JobContext {
  readonly database: Database;
  readonly store: Store;
  readonly blobs: BlobStore;
  /** The server's own name, in what it tells people. */
  readonly hostname: string;
  /** How long tombstones of messages are kept. */
  readonly tombstoneDays: number;
  /** How long it is kept who tried to log in. */
  readonly loginHistoryDays: number;
  /** How long it is kept what became of mail. */
  readonly mailHistoryDays: number;
  /** How long it is kept what others report on our domains. */
  readonly reportDays: number;
  /** Tells metrics what there is for it to do another time. */
  readonly tellLeft: (figures: Readonly<Record<string, number>>) => void;
  /** For what goes wrong and does not fail the job: with one account of all, for instance. */
  readonly log: Logger;
  /** Ends the job, between two of its slices. */
  readonly signal: AbortSignal;
}

/** Something that one of all hosts does from time to time. What is left of it is done the next time. */
export interface Job {
  /** In the log, in metrics, and of its lock. */
  readonly name: string;
  readonly everyMs: number;
  /** @returns what was done, in numbers; all 0 if there was nothing to do */
  run(context: JobContext): Promise<Readonly<Record<string, number>>>;
}

import type { AccountWriter } from './account-writer.ts';
import type { BlobStore } from './blob-store.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { Database } from './database.ts';
import type { DiskReserve } from './disk-reserve.ts';

/** What the parts of a store have in common. */
export interface StoreParts {
  readonly database: Database;
  readonly blobs: BlobStore;
  /** Null: nothing watches the disk. */
  readonly reserve: DiskReserve | null;
  /** Hears of every change, once it is committed. */
  readonly feed: ChangeFeed;
  readonly writer: AccountWriter;
  /** Errors that no caller waits for. */
  onError(error: unknown): void;
}

import type { LiteralExtension } from '@postel/config';
import type { Directory } from '@postel/directory';
import type { Store } from '@postel/storage';
import type { ConnectionCount, SessionCount } from '@postel/supervision';
import type { AnswerCache } from './answer-cache.ts';
import type { ImapMetrics } from './metrics.ts';
import type { WatchedAccounts } from './watched-accounts.ts';
import type { WatchedSharers } from './watched-sharers.ts';

/** What all sessions of a process share. */
export interface Services {
  /** What this host calls itself. */
  readonly hostname: string;
  readonly store: Store;
  readonly directory: Directory;
  readonly metrics: ImapMetrics;
  readonly answers: AnswerCache;
  readonly bodies: AnswerCache;
  readonly connectionCount: ConnectionCount;
  readonly sessionCount: SessionCount;
  readonly watchedAccounts: WatchedAccounts;
  readonly watchedSharers: WatchedSharers;
  /** Metadata of the server that the administrator gives it, by entry (RFC 5464 §3.2.1.1). */
  readonly serverMetadata: ReadonlyMap<string, Buffer>;
  /** The largest message that is taken. */
  readonly messageOctets: number;
  readonly literals: LiteralExtension;
  /** Whether UNAUTHENTICATE is there: not where a proxy in front decides who may log in (RFC 8437 §8). */
  readonly offersUnauthenticate: boolean;
}

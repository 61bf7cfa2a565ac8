import type { KeySignInSettings, WebSettings } from '@postel/config';
import type { Directory } from '@postel/directory';
import type { Database, RemovedMail, Store, StoredMailboxes } from '@postel/storage';
import type { ServerCertificates } from '@postel/supervision';
import type { Activity } from './activity.ts';
import type { DomainChecks } from './domain-checks.ts';
import type { DomainDns } from './domain-dns.ts';
import type { Overview } from './overview.ts';

/** What routes work with: one for the process. */
export interface Services {
  readonly hostname: string;
  readonly directory: Directory;
  readonly store: Pick<Store, 'readQuota'> & { readonly mailboxes: Pick<StoredMailboxes, 'list'> };
  readonly removed: Pick<RemovedMail, 'count' | 'list' | 'restore'>;
  /** For what has no place of its own in the process: the queue. */
  readonly database: Database;
  readonly overview: Overview;
  readonly activity: Activity;
  readonly dns: DomainDns;
  readonly domainChecks: DomainChecks;
  readonly certificates: Pick<ServerCertificates, 'list'>;
  /** Of the key that opens secrets of routes; it need not be there. */
  readonly secretKeyFile: string;
  readonly mailPorts: WebSettings['mailPorts'];
  /** On which this site itself is served. */
  readonly webPorts: readonly number[];
  /** Null: nobody signs in by the key of a device. */
  readonly keySignIn: KeySignInSettings | null;
  /** Lets time pass before an answer that should cost its client something. */
  wait(ms: number): Promise<void>;
}

import type { WebSettings } from '@postel/config';
import type { Directory } from '@postel/directory';
import type { RemovedMail, Store } from '@postel/storage';

/** What routes work with: one for the process. */
export interface Services {
  readonly hostname: string;
  readonly directory: Directory;
  readonly store: Pick<Store, 'listMailboxes' | 'readQuota'>;
  readonly removed: Pick<RemovedMail, 'count' | 'list' | 'restore'>;
  readonly mailPorts: WebSettings['mailPorts'];
  /** Lets time pass before an answer that should cost its client something. */
  wait(ms: number): Promise<void>;
}

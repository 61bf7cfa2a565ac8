import type { Directory, NetworkList } from '@postel/directory';
import type { Store } from '@postel/storage';
import type { ConnectionCount, SessionCount } from '@postel/supervision';
import type { IncomingMail } from './incoming-mail.ts';
import type { NetworkUse } from './network-use.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

/** What sessions work with: one for the process. */
export interface Services {
  readonly hostname: string;
  /** Content of one message (RFC 1870). */
  readonly messageOctets: number;
  readonly directory: Directory;
  readonly store: Pick<Store, 'receive' | 'deliverToEach' | 'keepWaiting' | 'waitingUse' | 'requireDiskRoom'>;
  /** Keeps copies of what is not delivered: the store. */
  readonly rejects: Pick<Store, 'keepRejects'>;
  /** Finds out who answers for mail from other servers. */
  readonly incoming: Pick<IncomingMail, 'expect' | 'isExempt' | 'namePasses'>;
  readonly metrics: SmtpMetrics;
  readonly connectionCount: ConnectionCount;
  readonly sessionCount: SessionCount;
  readonly networkUse: NetworkUse;
  /** Whose AUTH parameter of MAIL is believed (RFC 4954 §5). */
  readonly submitterNetworks: NetworkList;
  /** Received of submitted messages tells the client's name and address. */
  readonly showsClientAddress: boolean;
  /** Milliseconds, of a clock that only goes forward. */
  now(): number;
  /** Lets time pass before a reply that should cost its client something. */
  wait(ms: number): Promise<void>;
}

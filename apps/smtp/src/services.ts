import type { Directory, NetworkList } from '@postel/directory';
import type { Queue } from '@postel/queue';
import type { AccountId, Arrivals, MailboxId } from '@postel/storage';
import type { ConnectionCount, SessionCount } from '@postel/supervision';
import type { IncomingMail } from './incoming-mail.ts';
import type { NetworkUse } from './network-use.ts';
import type { TransactionRecorder } from './record/transaction-recorder.ts';
import type { ReportIntake } from './report-intake.ts';
import type { Rspamd } from './rspamd.ts';
import type { SmtpMetrics } from './smtp-metrics.ts';

/** What sessions work with: one for the process. */
export interface Services {
  readonly hostname: string;
  /** Content of one message (RFC 1870). */
  readonly messageOctets: number;
  readonly directory: Directory;
  readonly store: Pick<Arrivals, 'receive' | 'deliverToEach' | 'keepWaiting' | 'waitingUse' | 'requireDiskRoom'>;
  /** Keeps copies of what is not delivered: the store. */
  readonly rejects: Pick<Arrivals, 'keepRejects'>;
  /** Where accounts have their junk (RFC 6154 §2), of those that have such a mailbox. @throws {StorageError} 'unavailable' */
  junkMailboxes(accounts: readonly AccountId[]): Promise<ReadonlyMap<AccountId, MailboxId>>;
  /** Where messages wait for the time at which they are to be released: the store. */
  readonly held: Pick<Arrivals, 'holdMessage' | 'heldUse'>;
  /** Where mail to other servers goes; null if none does. */
  readonly queue: Pick<Queue, 'keep' | 'start' | 'report'> | null;
  /** Finds out who answers for mail from other servers. */
  readonly incoming: Pick<IncomingMail, 'expect' | 'isExempt' | 'namePasses'>;
  /** Where reports on our domains go, and what is told of mail from others. */
  readonly reports: Pick<ReportIntake, 'countDmarc' | 'keep'>;
  /** What is asked about the content of mail from other servers; null for nothing. */
  readonly contentFilter: Pick<Rspamd, 'check'> | null;
  /** Writes down what became of mail. */
  readonly recorder: Pick<TransactionRecorder, 'add'>;
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

import { randomUUID } from 'node:crypto';
import { type AccountId, CONTENT_CHUNK_OCTETS, type Transaction } from '@postel/storage';
import { insertMessage } from './insert-message.ts';
import { storeChunk } from './message-chunks.ts';
import { MessageTraits } from './message-traits.ts';
import { type ReportLimit, sortReports } from './report-limits.ts';

/** A DSN to be queued, and of what message it tells. */
export interface QueuedReport {
  readonly octets: Buffer;
  readonly about: {
    readonly name: string;
    /** Whom it is for. */
    readonly reversePath: string;
    /** Of whom the message is; null: it came from elsewhere. */
    readonly account: AccountId | null;
    readonly requiresTls: boolean;
    /** Ours, of whose postmaster it is. */
    readonly hostname: string;
  };
}

/** A report that is not sent, because too many were, and what it would have told of. */
export type WithheldReport = Pick<QueuedReport['about'], 'name' | 'reversePath'> & { readonly limit: ReportLimit };

/** Queues a DSN in a transaction of somebody else's; `tellQueue` is for after it. @returns why it does not go; null: it does */
export async function queueReport(tx: Transaction, report: QueuedReport): Promise<WithheldReport | null> {
  const [withheld = null] = await insertReports(tx, [report]);
  return withheld;
}

/** @returns those that do not go */
export async function insertReports(
  tx: Transaction,
  reports: readonly QueuedReport[],
): Promise<readonly WithheldReport[]> {
  const { admitted, withheld } = await sortReports(tx, reports);
  for (const report of admitted) await insertReport(tx, report);
  return withheld.map(({ report: { about }, limit }) => ({
    name: about.name,
    reversePath: about.reversePath,
    limit,
  }));
}

/** From the null reverse-path, so that nothing is ever told of what becomes of it: RFC 3461 §5.2. */
async function insertReport(tx: Transaction, { octets, about }: QueuedReport): Promise<void> {
  const { name, reversePath, requiresTls, hostname } = about;
  const id = randomUUID();
  const said = {
    isUtf8: true,
    requiresTls,
    envelopeId: null,
    returnContent: null,
    submitter: null,
    releaseRequest: null,
  };
  const recipient = {
    forwardPath: reversePath,
    notify: ['NEVER'],
    originalRecipient: null,
    alias: null,
    listFields: '',
  };
  const message = {
    name: `${name}-report`,
    account: null,
    envelope: { reversePath: '', ...said },
    mayBeBinary: false,
    signers: [hostname],
    tellsSender: true,
    recipients: [recipient],
    waitMs: 0,
    releaseAt: null,
  };
  const headerEnd = octets.indexOf('\r\n\r\n');
  const traits = new MessageTraits(headerEnd === -1 ? octets.length : headerEnd, false);
  traits.push(octets);
  for (let start = 0, chunk = 0; start < octets.length; start += CONTENT_CHUNK_OCTETS) {
    await storeChunk(tx, id, chunk++, octets.subarray(start, start + CONTENT_CHUNK_OCTETS));
  }
  await insertMessage(tx, id, message, { traits, sizeOctets: octets.length });
}

import { listDomains } from '@postel/directory';
import { type ReadReport, ReportError, readReportMail } from '@postel/mail-reports';
import { ReportInbox, type ReportOrigin, type TakenReport, takeReport } from '@postel/queue';
import { type Sql, StorageError, translateDatabaseError } from '@postel/storage';
import { SECOND_MS } from '../intervals.ts';
import type { Job, JobContext } from '../job.ts';

const EVERY_MS = 30 * SECOND_MS;

/** Reads reports on our domains that came by mail. What cannot be read is in its mailbox all the same. */
export const readReports: Job = {
  name: 'read-reports',
  everyMs: EVERY_MS,
  async run({ database, log, signal }) {
    const inbox = new ReportInbox(database.sql);
    const done = { new: 0, known: 0, foreign: 0, unreadable: 0 };
    let domains: ReadonlySet<string> | null = null;
    while (!signal.aborted) {
      const mail = await inbox.next();
      if (mail === null) break;
      const { id, reporter, isVerified, octets } = mail;
      domains ??= new Set((await listDomains(database.sql)).map(({ name }) => name));
      const read = await readMail(octets, { reporter, log });
      const trust = isVerified ? 'verified' : 'unverified';
      const taken = read === null ? null : await take(database.sql, read, { trust, reporter }, domains, log);
      done[taken === null || taken === 'future' ? 'unreadable' : taken]++;
      await inbox.remove(id);
    }
    return done;
  },
};

/** @returns null if it is none, or cannot be read: that must not keep the next ones waiting */
async function readMail(
  octets: Buffer,
  { reporter, log }: { readonly reporter: string } & Pick<JobContext, 'log'>,
): Promise<ReadReport | null> {
  try {
    return await readReportMail(octets);
  } catch (error) {
    if (error instanceof ReportError) {
      log.info({ reporter, reason: error.message }, 'a message that says it is a report is none');
    } else log.error({ err: error, reporter }, 'a report could not be read');
    return null;
  }
}

/** @returns null if it cannot be kept, whenever that is tried: that must not keep the next ones waiting either */
async function take(
  sql: Sql,
  read: ReadReport,
  origin: ReportOrigin,
  domains: ReadonlySet<string>,
  log: JobContext['log'],
): Promise<TakenReport | null> {
  const { organization, reportId } = read.report;
  const about = { type: read.type, organization, reportId, ...origin };
  try {
    const taken = await takeReport(sql, read, origin, domains);
    log.info({ ...about, taken }, 'a report was read');
    return taken;
  } catch (error) {
    const err = translateDatabaseError(error, true);
    if (err instanceof StorageError) throw err; // it can be kept later
    log.error({ err, ...about }, 'a report could not be kept');
    return null;
  }
}

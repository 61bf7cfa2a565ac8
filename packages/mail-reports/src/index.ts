/** Aggregate reports on mail: those of DMARC, written and read, and those on TLS, read. */

export { announcesReport } from './announces-report.ts';
export type { Disposition, DmarcReport, DmarcRow, PublishedPolicy } from './dmarc-report.ts';
export { type DmarcReportTarget, dmarcReportTargets, isDmarcRecord } from './dmarc-report-targets.ts';
export { explainDmarcSource, type SourceFigures } from './explain-dmarc-source.ts';
export { explainTlsFailure } from './explain-tls-failure.ts';
export { dmarcReportFileName, formatDmarcReport } from './format-dmarc-report.ts';
export { mailtoAddress } from './mailto-address.ts';
export { type ReadReport, readReportFile, readReportMail } from './read-report.ts';
export { ReportError } from './report-error.ts';
export type { IncomingTlsReport, ReportedTlsFailure } from './tls-report.ts';

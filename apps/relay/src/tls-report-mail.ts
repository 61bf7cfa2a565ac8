import { type TlsReport, tlsReportFileName, tlsReportId } from '@postel/tls-policy';
import { formatReportMail } from './report-mail.ts';

/** A report as a message: RFC 8460 §5.3. It goes whatever policies say, or who is to correct them would not hear of it. */
export function formatTlsReportMail(report: TlsReport, to: string, gzip: Buffer, date: Date): Buffer {
  const { hostname, contact, domain, day } = report;
  return formatReportMail({
    contact,
    to: [to],
    hostname,
    domain,
    reportId: `<${tlsReportId(report)}@${hostname}>`,
    fields: [`TLS-Report-Domain: ${domain}`, `TLS-Report-Submitter: ${hostname}`, 'TLS-Required: No'],
    type: 'multipart/report; report-type="tlsrpt"',
    words: [
      `What came of TLS when ${hostname} sent mail to ${domain} on ${day} (UTC).`,
      'The attachment is for programs: RFC 8460.',
    ],
    attachment: { type: 'application/tlsrpt+gzip', name: tlsReportFileName(report), octets: gzip },
    date,
  });
}

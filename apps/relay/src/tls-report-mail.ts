import { randomUUID } from 'node:crypto';
import { formatDateTime } from '@postel/mime';
import { type TlsReport, tlsReportFileName, tlsReportId } from '@postel/tls-policy';

const BASE64_LINE = /.{1,76}/g;

/** A report as a message: RFC 8460 §5.3. It goes whatever policies say, or who is to correct them would not hear of it. */
export function formatTlsReportMail(report: TlsReport, to: string, gzip: Buffer, date: Date): Buffer {
  const { hostname, contact, domain, day } = report;
  const boundary = `=_${randomUUID()}`;
  const name = tlsReportFileName(report);
  const lines = [
    `From: ${contact}`,
    `To: ${to}`,
    `Date: ${formatDateTime(date)}`,
    `Message-ID: <${randomUUID()}@${hostname}>`,
    `Subject: Report Domain: ${domain}`,
    ` Submitter: ${hostname}`,
    ` Report-ID: <${tlsReportId(report)}@${hostname}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${hostname}`,
    'TLS-Required: No',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type="tlsrpt";',
    ` boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `What came of TLS when ${hostname} sent mail to ${domain} on ${day} (UTC).`,
    'The attachment is for programs: RFC 8460.',
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment;',
    ` filename="${name}"`,
    '',
    ...(gzip.toString('base64').match(BASE64_LINE) ?? []),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

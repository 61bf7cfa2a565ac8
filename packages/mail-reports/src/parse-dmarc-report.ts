import { isIP } from 'node:net';
import { DISPOSITIONS, type DmarcReport, type DmarcRow } from './dmarc-report.ts';
import { MOST_COUNTED, NAME_CHARACTERS, REPORT_ROWS, RESULTS_A_ROW } from './limits.ts';
import { childOf, readXml, textOf, type XmlElement } from './read-xml.ts';
import { ReportError } from './report-error.ts';
import { readSpan } from './report-span.ts';
import { reportedName, reportedText } from './reported-text.ts';

/**
 * Reads an aggregate report of DMARC (RFC 7489 Appendix C, RFC 9990), as forgiving as the reports of the large providers need: what
 * is missing and is not needed to know what the report says, is taken as nothing said.
 *
 * @throws {ReportError}
 */
export async function parseDmarcReport(xml: string): Promise<DmarcReport> {
  const feedback = await readXml(xml);
  if (feedback.name !== 'feedback')
    throw new ReportError(`It is no DMARC report: its root is <${reportedName(feedback.name)}>`);
  const metadata = childOf(feedback, 'report_metadata');
  const published = childOf(feedback, 'policy_published');
  const range = childOf(metadata, 'date_range');
  const domain = reportedName(textOf(published, 'domain'));
  const reportId = reportedText(textOf(metadata, 'report_id'), NAME_CHARACTERS);
  const organization = reportedText(textOf(metadata, 'org_name'), NAME_CHARACTERS);
  if (domain === '') throw new ReportError('It does not say which domain it is about');
  if (reportId === '' || organization === '') throw new ReportError('It does not say by whom it is, or has no number');
  const records = feedback.children.filter(({ name }) => name === 'record');
  if (records.length > REPORT_ROWS) throw new ReportError(`It has more than ${REPORT_ROWS} records`);
  const p = disposition(textOf(published, 'p'));
  return {
    organization,
    email: reportedText(textOf(metadata, 'email')),
    reportId,
    ...readSpan(epoch(textOf(range, 'begin')), epoch(textOf(range, 'end'))),
    policy: {
      domain,
      adkim: textOf(published, 'adkim') === 's' ? 's' : 'r',
      aspf: textOf(published, 'aspf') === 's' ? 's' : 'r',
      p,
      sp: textOf(published, 'sp') === '' ? p : disposition(textOf(published, 'sp')),
      fo: reportedText(textOf(published, 'fo')) || '0',
    },
    rows: records.map(readRecord),
  };
}

function readRecord(record: XmlElement): DmarcRow {
  const row = childOf(record, 'row');
  const evaluated = childOf(row, 'policy_evaluated');
  const identifiers = childOf(record, 'identifiers');
  const results = childOf(record, 'auth_results')?.children ?? [];
  const sourceAddress = textOf(row, 'source_ip');
  // A zone (RFC 4007 §11) says something on one machine alone, and Postgres does not know it.
  if (isIP(sourceAddress) === 0 || sourceAddress.includes('%'))
    throw new ReportError(`"${reportedText(sourceAddress, 60)}" is no address`);
  const all = (name: string) => results.filter((each) => each.name === name).slice(0, RESULTS_A_ROW);
  return {
    sourceAddress,
    messages: counted(textOf(row, 'count')),
    disposition: disposition(textOf(evaluated, 'disposition')),
    dkim: textOf(evaluated, 'dkim').toLowerCase() === 'pass' ? 'pass' : 'fail',
    spf: textOf(evaluated, 'spf').toLowerCase() === 'pass' ? 'pass' : 'fail',
    reasons: (evaluated?.children ?? [])
      .filter(({ name }) => name === 'reason')
      .slice(0, RESULTS_A_ROW)
      .map((reason) => ({
        type: reportedName(textOf(reason, 'type')),
        comment: reportedText(textOf(reason, 'comment')),
      })),
    headerFrom: reportedName(textOf(identifiers, 'header_from')),
    envelopeFrom: reportedName(textOf(identifiers, 'envelope_from')),
    dkimResults: all('dkim').map((each) => ({
      domain: reportedName(textOf(each, 'domain')),
      selector: reportedName(textOf(each, 'selector')),
      result: reportedName(textOf(each, 'result')),
    })),
    spfResults: all('spf').map((each) => ({
      domain: reportedName(textOf(each, 'domain')),
      scope: reportedName(textOf(each, 'scope')),
      result: reportedName(textOf(each, 'result')),
    })),
  };
}

/** RFC 9990 adds `pass`, of what passes; some write nothing there. */
function disposition(text: string): DmarcRow['disposition'] {
  const lower = text.toLowerCase();
  return DISPOSITIONS.find((each) => each === lower) ?? 'none';
}

function epoch(text: string): Date {
  return new Date(/^\d{1,12}$/.test(text) ? Number(text) * 1_000 : Number.NaN);
}

function counted(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= MOST_COUNTED)) throw new ReportError(`"${reportedText(text, 30)}" is no number of messages`);
  return count;
}

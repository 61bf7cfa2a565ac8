import type { DmarcReport, DmarcRow } from './dmarc-report.ts';

/**
 * A report as XML: the form of RFC 7489 Appendix C, which all programs read that take reports. RFC 9990 adds to it and takes
 * nothing away that they would miss.
 */
export function formatDmarcReport({ organization, email, reportId, begin, end, policy, rows }: DmarcReport): string {
  const { domain, adkim, aspf, p, sp, fo } = policy;
  const metadata = [
    element('org_name', organization),
    element('email', email),
    element('report_id', reportId),
    `<date_range>${element('begin', seconds(begin))}${element('end', seconds(end))}</date_range>`,
  ];
  const published = [
    element('domain', domain),
    element('adkim', adkim),
    element('aspf', aspf),
    element('p', p),
    element('sp', sp),
    element('pct', '100'),
    element('fo', fo),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feedback>',
    '<version>1.0</version>',
    `<report_metadata>${metadata.join('')}</report_metadata>`,
    `<policy_published>${published.join('')}</policy_published>`,
    ...rows.map(formatRow),
    '</feedback>',
    '',
  ].join('\n');
}

/** RFC 7489 §7.2.1.1. */
export function dmarcReportFileName({ organization, begin, end, policy }: Omit<DmarcReport, 'rows'>): string {
  return `${organization}!${policy.domain}!${seconds(begin)}!${seconds(end)}.xml.gz`;
}

function formatRow(row: DmarcRow): string {
  const reasons = row.reasons.map(
    ({ type, comment }) => `<reason>${element('type', type)}${element('comment', comment)}</reason>`,
  );
  const evaluated = [element('disposition', row.disposition), element('dkim', row.dkim), element('spf', row.spf)];
  const dkim = row.dkimResults.map(
    ({ domain, selector, result }) =>
      `<dkim>${element('domain', domain)}${element('selector', selector)}${element('result', result)}</dkim>`,
  );
  const spf = row.spfResults.map(
    ({ domain, scope, result }) =>
      `<spf>${element('domain', domain)}${element('scope', scope)}${element('result', result)}</spf>`,
  );
  return [
    '<record><row>',
    element('source_ip', row.sourceAddress),
    element('count', String(row.messages)),
    `<policy_evaluated>${evaluated.join('')}${reasons.join('')}</policy_evaluated></row>`,
    `<identifiers>${element('envelope_from', row.envelopeFrom)}${element('header_from', row.headerFrom)}</identifiers>`,
    `<auth_results>${dkim.join('')}${spf.join('')}</auth_results></record>`,
  ].join('');
}

const seconds = (at: Date) => String(Math.floor(at.getTime() / 1_000));

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);
/** What XML 1.0 has no way to write, §2.2. */
const NOT_IN_XML = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function element(name: string, text: string): string {
  const escaped = text.replace(NOT_IN_XML, '?').replace(/[&<>]/g, (character) => ESCAPES.get(character) ?? '');
  return `<${name}>${escaped}</${name}>`;
}

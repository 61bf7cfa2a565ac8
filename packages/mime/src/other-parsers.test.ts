import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type MessageView,
  structureOfMailsplit,
  structureOfOurs,
  viewOfMailparser,
  viewOfOurs,
  viewOfPostalMime,
} from './testing/message-view.ts';

/**
 * What we read in a message, compared with what three other parsers read. Each difference is listed here with its reason; one
 * that is not listed fails, and so does a listed one that is gone.
 */
type Parser = 'mailparser' | 'postal-mime' | 'mailsplit';
type Difference = readonly [file: string, parser: Parser, field: keyof MessageView | 'structure', reason: string];

const reasons = {
  noParts: 'we show a multipart without a delimiter with one empty part, so that BODYSTRUCTURE is valid (RFC 9051 §9)',
  emptyPart: 'we count the part whose header has no blank line: a delimiter ends it (RFC 2046 §5.1)',
  type: 'a Content-Type that is none means text/plain (RFC 2045 §5.2)',
  disposition: 'a Content-Disposition that is no type is as good as absent (RFC 2183 §2.8)',
  digest: 'the parts of a digest are messages unless they say otherwise (RFC 2046 §5.1.5)',
  encodedMessage:
    'an embedded message in base64 has no byte ranges: application/octet-stream (RFC 2045 §6.4, RFC 2046 §5.2.1)',
  report: 'a delivery status is a part of its own and not text of the message (RFC 3464 §2.1)',
  unknownCharset: 'a charset that nobody knows is taken for UTF-8 if valid, else windows-1252',
  undeclared:
    'octets beyond ASCII without a charset are taken for UTF-8 if valid, else windows-1252 (against RFC 5322 §2.1)',
  utf7: 'UTF-7 is decoded (RFC 2152)',
  cp850: 'code page 850 is decoded',
  big5: 'invalid octets and private characters of Big5 become other replacements',
  invalidName: 'an octet that the charset does not have becomes U+FFFD, and the type stays the one sent',
  uuencode: 'x-uuencode is decoded, as many senders named it (RFC 2045 §6.3)',
  flowed: 'we keep the line ends of flowed text (RFC 3676 §4.1): white space counts the same in search',
  softBreak: 'white space between the = of a soft line break and the line end is padding (RFC 2045 §6.7 rule 3)',
  cutCharacter: 'a character cut between encoded-words of two encodings is joined',
  percent: 'a % without two digits is itself (RFC 2231 §7)',
  gap: 'continuations end at the first number that is missing (RFC 2231 §3)',
  quotedPair: 'a quoted string may hold quoted pairs and semicolons (RFC 5322 §3.2.4)',
  unquoted: 'quoting is removed from a local part, as Dovecot does in ENVELOPE; the domain is the same',
  unterminated: 'an unterminated quoted string ends with the value (RFC 5322 §3.2.4)',
  missing: 'what an address lacks has a word that stands for it, as in Dovecot',
  group: 'the end of a group that has none is not part of an address (RFC 5322 §3.4)',
  comment: 'comments may stand anywhere between tokens (RFC 5322 §3.2.2)',
  obsolete: 'obsolete routes, and white space and comments around dots (RFC 5322 §4.4)',
  bareAddresses: 'of two addresses without a comma the first counts, and is not the name of the second',
  authors: 'a message may have several authors (RFC 5322 §3.6.2); postal-mime names one',
} as const;

const differences: readonly Difference[] = [
  ['addresses-broken.eml', 'mailparser', 'addresses', reasons.unterminated],
  ['addresses-broken.eml', 'postal-mime', 'addresses', reasons.unterminated],
  ['addresses-deceptive.eml', 'mailparser', 'addresses', reasons.unquoted],
  ['addresses.eml', 'postal-mime', 'addresses', reasons.quotedPair],
  ['broken-boundary-unused.eml', 'mailsplit', 'structure', reasons.noParts],
  ['broken-content-type.eml', 'mailparser', 'attachments', reasons.type],
  ['broken-content-type.eml', 'mailparser', 'text', reasons.type],
  ['broken-content-type.eml', 'postal-mime', 'attachments', reasons.type],
  ['broken-content-type.eml', 'postal-mime', 'text', reasons.type],
  ['broken-content-type.eml', 'mailsplit', 'structure', reasons.type],
  ['broken-no-boundary.eml', 'mailsplit', 'structure', reasons.noParts],
  ['broken-part-header.eml', 'mailsplit', 'structure', reasons.emptyPart],
  ['charset-cp850.eml', 'postal-mime', 'subject', reasons.cp850],
  ['charset-cp850.eml', 'postal-mime', 'text', reasons.cp850],
  ['charset-unknown.eml', 'mailparser', 'subject', reasons.unknownCharset],
  ['charset-unknown.eml', 'postal-mime', 'subject', reasons.unknownCharset],
  ['charset-unknown.eml', 'postal-mime', 'text', reasons.unknownCharset],
  ['charset-utf-7.eml', 'mailparser', 'subject', reasons.utf7],
  ['charset-utf-7.eml', 'mailparser', 'text', reasons.utf7],
  ['charset-utf-7.eml', 'postal-mime', 'subject', reasons.utf7],
  ['charset-utf-7.eml', 'postal-mime', 'text', reasons.utf7],
  ['declared-ascii-is-utf8.eml', 'postal-mime', 'text', reasons.undeclared],
  ['digest.eml', 'mailparser', 'attachments', reasons.digest],
  ['digest.eml', 'mailparser', 'text', reasons.digest],
  ['digest.eml', 'mailsplit', 'structure', reasons.digest],
  ['embedded-base64.eml', 'mailparser', 'attachments', reasons.encodedMessage],
  ['embedded-base64.eml', 'postal-mime', 'attachments', reasons.encodedMessage],
  ['embedded-base64.eml', 'mailsplit', 'structure', reasons.encodedMessage],
  ['flowed.eml', 'mailparser', 'text', reasons.flowed],
  ['name-continued-extended.eml', 'mailparser', 'attachments', reasons.percent],
  ['name-continued-gap.eml', 'mailparser', 'attachments', reasons.gap],
  ['name-continued-gap.eml', 'postal-mime', 'attachments', reasons.gap],
  ['name-invalid-escapes.eml', 'mailparser', 'attachments', reasons.percent],
  ['name-raw-latin1.eml', 'postal-mime', 'attachments', reasons.undeclared],
  ['qp-soft-breaks.eml', 'postal-mime', 'text', reasons.softBreak],
  ['report.eml', 'mailparser', 'addresses', reasons.missing],
  ['report.eml', 'mailparser', 'attachments', reasons.report],
  ['report.eml', 'mailparser', 'text', reasons.report],
  ['report.eml', 'postal-mime', 'addresses', reasons.missing],
  ['subject-cut-character.eml', 'postal-mime', 'subject', reasons.cutCharacter],
  ['subject-raw-latin1.eml', 'mailparser', 'subject', reasons.undeclared],
  ['subject-raw-latin1.eml', 'postal-mime', 'subject', reasons.undeclared],
  ['undeclared-latin1.eml', 'mailparser', 'text', reasons.undeclared],
  ['undeclared-latin1.eml', 'postal-mime', 'text', reasons.undeclared],
  ['uuencode.eml', 'mailparser', 'text', reasons.uuencode],
  ['uuencode.eml', 'postal-mime', 'text', reasons.uuencode],
];

const differencesInSamples: readonly Difference[] = [
  ['attachment_emails/attachment_with_encoded_name.eml', 'mailparser', 'attachments', reasons.invalidName],
  ['error_emails/bad_date_header2.eml', 'mailsplit', 'structure', reasons.noParts],
  ['error_emails/content_transfer_encoding_empty.eml', 'mailparser', 'html', reasons.big5],
  ['error_emails/content_transfer_encoding_plain.eml', 'postal-mime', 'text', reasons.undeclared],
  ['error_emails/empty_in_reply_to.eml', 'mailsplit', 'structure', reasons.noParts],
  ['error_emails/invalid_subject_characters.eml', 'mailparser', 'subject', reasons.undeclared],
  ['error_emails/invalid_subject_characters.eml', 'postal-mime', 'subject', reasons.undeclared],
  ['error_emails/missing_body.eml', 'mailparser', 'addresses', reasons.group],
  ['error_emails/missing_body.eml', 'postal-mime', 'addresses', reasons.group],
  ['error_emails/missing_body.eml', 'mailsplit', 'structure', reasons.noParts],
  ['error_emails/multiple_invalid_content_dispositions.eml', 'mailparser', 'attachments', reasons.disposition],
  ['error_emails/multiple_invalid_content_dispositions.eml', 'mailparser', 'html', reasons.disposition],
  ['error_emails/must_supply_encoding.eml', 'mailsplit', 'structure', reasons.noParts],
  ['mime_emails/raw_email11.eml', 'mailparser', 'addresses', reasons.missing],
  ['mime_emails/raw_email11.eml', 'postal-mime', 'addresses', reasons.missing],
  ['mime_emails/raw_email_with_mimepart_without_content_type.eml', 'mailparser', 'attachments', reasons.report],
  ['mime_emails/raw_email_with_mimepart_without_content_type.eml', 'mailparser', 'text', reasons.report],
  ['multipart_report_emails/multi_address_bounce1.eml', 'mailparser', 'attachments', reasons.report],
  ['multipart_report_emails/multi_address_bounce1.eml', 'mailparser', 'text', reasons.report],
  ['multipart_report_emails/multi_address_bounce2.eml', 'mailparser', 'attachments', reasons.report],
  ['multipart_report_emails/multi_address_bounce2.eml', 'mailparser', 'text', reasons.report],
  ['multipart_report_emails/multipart_report_multiple_status.eml', 'mailparser', 'attachments', reasons.report],
  ['multipart_report_emails/multipart_report_multiple_status.eml', 'mailparser', 'text', reasons.report],
  ['multipart_report_emails/report_422.eml', 'mailparser', 'attachments', reasons.report],
  ['multipart_report_emails/report_422.eml', 'mailparser', 'text', reasons.report],
  ['multipart_report_emails/report_530.eml', 'mailparser', 'attachments', reasons.report],
  ['multipart_report_emails/report_530.eml', 'mailparser', 'text', reasons.report],
  ['plain_emails/raw_email10.eml', 'postal-mime', 'text', reasons.undeclared],
  ['plain_emails/raw_email6.eml', 'postal-mime', 'text', reasons.undeclared],
  ['plain_emails/raw_email8.eml', 'mailparser', 'attachments', reasons.invalidName],
  ['plain_emails/raw_email_multiple_from.eml', 'mailparser', 'addresses', reasons.bareAddresses],
  ['plain_emails/raw_email_multiple_from.eml', 'postal-mime', 'addresses', reasons.bareAddresses],
  ['plain_emails/raw_email_with_at_display_name.eml', 'postal-mime', 'addresses', reasons.authors],
  ['rfc2822/example10.eml', 'mailparser', 'addresses', reasons.comment],
  ['rfc2822/example10.eml', 'postal-mime', 'addresses', reasons.comment],
  ['rfc2822/example11.eml', 'mailparser', 'addresses', reasons.obsolete],
  ['rfc2822/example11.eml', 'postal-mime', 'addresses', reasons.obsolete],
  ['rfc2822/example13.eml', 'mailparser', 'addresses', reasons.missing],
  ['rfc2822/example13.eml', 'postal-mime', 'addresses', reasons.obsolete],
];

async function findDifferences(octets: Buffer): Promise<string[]> {
  const ours = viewOfOurs(octets);
  const found: string[] = [];
  for (const [parser, view] of [
    ['mailparser', await viewOfMailparser(octets)],
    ['postal-mime', await viewOfPostalMime(octets)],
  ] as const) {
    for (const field of ['subject', 'addresses', 'attachments', 'text', 'html'] as const) {
      if (ours[field] !== view[field]) found.push(`${parser} ${field}`);
    }
  }
  if (structureOfOurs(octets) !== (await structureOfMailsplit(octets))) found.push('mailsplit structure');
  return found.sort();
}

function messagesIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eml'))
    : [];
}

const ownFolder = join(import.meta.dirname, 'fixtures/messages');
const sampleFolder = join(import.meta.dirname, '../../../../shared/testdata/emails');

describe.each([
  ['messages of our own', ownFolder, differences],
  ['sample messages', sampleFolder, differencesInSamples],
])('%s', (_, folder, listed) => {
  const files = messagesIn(folder);
  const isAbsent = files.length === 0;

  test.skipIf(isAbsent)(
    'are there, and all that differ (skipped: ../shared/testdata is not part of the repository)',
    () => {
      expect(files.length).toBeGreaterThan(50);
      expect(files).toEqual(expect.arrayContaining([...new Set(listed.map(([file]) => file))]));
    },
  );

  test.each(files)('%s', async (file) => {
    const expected = listed.filter(([name]) => name === file).map(([, parser, field]) => `${parser} ${field}`);
    expect(await findDifferences(readFileSync(join(folder, file)))).toEqual(expected.sort());
  });
});

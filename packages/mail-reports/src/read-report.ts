import { type Part, parseMessage, transferDecoder } from '@postel/mime';
import type { DmarcReport } from './dmarc-report.ts';
import { JSON_OCTETS, PARTS, UNPACKED_OCTETS } from './limits.ts';
import { parseDmarcReport } from './parse-dmarc-report.ts';
import { parseTlsReport } from './parse-tls-report.ts';
import { ReportError } from './report-error.ts';
import type { IncomingTlsReport } from './tls-report.ts';
import { unpack } from './unpack.ts';

/** A report of one kind or the other. */
export type ReadReport =
  | { readonly type: 'dmarc'; readonly report: DmarcReport }
  | { readonly type: 'tls'; readonly report: IncomingTlsReport };

/**
 * Reads the report in a file of XML or JSON, plain or packed by gzip or zip.
 *
 * @throws {ReportError}
 */
export async function readReportFile(octets: Buffer): Promise<ReadReport> {
  const unpacked = await unpack(octets);
  requireSize(unpacked, UNPACKED_OCTETS);
  const text = decodeText(unpacked);
  const first = text.trimStart()[0];
  if (first === '<') return { type: 'dmarc', report: await parseDmarcReport(text) };
  if (first === '{') requireSize(unpacked, JSON_OCTETS);
  if (first === '{') return { type: 'tls', report: parseTlsReport(text) };
  throw new ReportError('It is neither XML nor JSON, nor such a file packed by gzip or zip');
}

/** @throws {ReportError} */
function requireSize({ length }: Buffer, most: number): void {
  if (length > most) throw new ReportError(`It is larger than ${most / 1024 / 1024} MB`);
}

/** Reads the report that a message carries: RFC 7489 §7.2.1.1, RFC 8460 §5.3. @throws {ReportError} why there is none */
export async function readReportMail(message: Buffer): Promise<ReadReport> {
  let parts = 0;
  const waiting: Part[] = [parseMessage(message).root];
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    parts++;
    if (parts > PARTS) break;
    if (part.kind === 'multipart') waiting.push(...part.children.slice(0, PARTS));
    if (part.kind !== 'leaf' || !mayBeReport(part)) continue;
    const decoder = transferDecoder(String(part.encoding));
    const written = decoder.write(message.subarray(part.bodyStart, part.end));
    return await readReportFile(Buffer.concat([written, decoder.end()]));
  }
  throw new ReportError('The message has no report attached');
}

/** By which types reports come: those of the texts, and what programs make of them. */
const TYPES = new Set([
  'application/gzip',
  'application/x-gzip',
  'application/zip',
  'application/x-zip',
  'application/x-zip-compressed',
  'application/tlsrpt+gzip',
  'application/tlsrpt+json',
  'application/json',
  'application/xml',
  'application/octet-stream',
  'text/xml',
]);

function mayBeReport({ type, subtype }: Part): boolean {
  return TYPES.has(`${type}/${subtype}`.toLowerCase());
}

/** Reports are UTF-8, with or without a byte order mark; a few are UTF-16 with one. */
function decodeText(octets: Buffer): string {
  const isWide = (octets[0] === 0xff && octets[1] === 0xfe) || (octets[0] === 0xfe && octets[1] === 0xff);
  const charset = isWide ? (octets[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8';
  return new TextDecoder(charset).decode(octets);
}

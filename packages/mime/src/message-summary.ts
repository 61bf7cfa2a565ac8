import { type Address, missingHost, missingMailbox, parseAddresses } from './addresses.ts';
import { decodeEncodedWords, decodePlain } from './encoded-words.ts';
import type { EnvelopeFields } from './header-fields.ts';
import { limits } from './limits.ts';
import { lowerCase, type OctetString } from './octet-string.ts';
import { parseDateTime } from './parse-date.ts';
import { messageIdsIn } from './thread-message-ids.ts';

/** What a list of messages shows of one. All text is decoded, on one line, well-formed, and without control characters. */
export interface MessageSummary {
  /** '' if there is none. */
  readonly subject: string;
  /**
   * Addresses as people read them: `Mary Smith <mary@example.com>`, `mary@example.com`, and `Mary Smith <>` for a name
   * without an address. Neither `<` nor `>` stands in an address, and what ends in `>` ends in an address in brackets. Domains
   * are in lower case; groups are left out, their members are there.
   */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  /** Milliseconds since 1970; null if the Date field names no day. */
  readonly sentAt: number | null;
  /** Without its brackets; '' if there is none. */
  readonly messageId: string;
}

/** Neither `<` nor `>`, so that the brackets around an address are the last ones; no white space. */
const NOT_OF_ADDRESS = /[<>\s\x00-\x1f\x7f]+/g;
/** RFC 5321 §4.5.3.1: a local part of 64 octets, a domain of 255, and `@`. */
const ADDRESS_CHARACTERS = 320;

export function messageSummary(fields: EnvelopeFields): MessageSummary {
  return {
    subject: shown(decodeEncodedWords(fields.subject ?? ''), limits.summaryCharacters),
    from: shownAddresses(fields.from),
    to: shownAddresses(fields.to),
    cc: shownAddresses(fields.cc),
    sentAt: fields.date === null ? null : parseDateTime(fields.date),
    messageId: shown(decodePlain(messageIdsIn(fields.messageId)[0] ?? ''), limits.summaryCharacters),
  };
}

function shownAddresses(values: readonly OctetString[]): readonly string[] {
  const list: string[] = [];
  let left: number = limits.summaryListCharacters;
  for (const value of values) {
    if (list.length >= limits.summaryAddresses) break;
    for (const address of parseAddresses(value, limits.summaryAddresses)) {
      const text = addressText(address);
      if (text === null) continue;
      left -= text.length + 1;
      if (left < 0 || list.length >= limits.summaryAddresses) return list;
      list.push(text);
    }
  }
  return list;
}

/** Null for what is no address: the beginning and end of a group, and one so long that only a part of it could be shown. */
function addressText({ name, mailbox, host }: Address): string | null {
  if (host === null || mailbox === null) return null;
  const local = mailbox === missingMailbox ? '' : decodePlain(mailbox);
  const domain = host === missingHost ? '' : `@${decodePlain(lowerCase(host))}`;
  const address = `${local}${domain}`.toWellFormed().replace(NOT_OF_ADDRESS, '');
  if (address.length > ADDRESS_CHARACTERS) return null;
  const label = name === null ? '' : shown(decodeEncodedWords(name), limits.summaryNameCharacters);
  if (label === '') return address === '' ? null : address;
  return `${label} <${address}>`;
}

function shown(text: string, maxCharacters: number): string {
  const line = /[\x00-\x1f\x7f]/.test(text) ? text.replace(/[\x00-\x1f\x7f]+/g, ' ') : text;
  return line.slice(0, maxCharacters).trim().toWellFormed();
}

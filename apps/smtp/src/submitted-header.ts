import { FieldCursor, formatLocalPart, missingHost, missingMailbox, parseAddresses, unreadHosts } from '@postel/mime';
import { AUTHORS } from './limits.ts';
import type { MailboxAddress } from './path.ts';

/** What the header section of a submitted message says, and what is left of it. */
export interface SubmittedHeader {
  /** The fields that stay in the message, as they came, and the blank line if there is one. */
  readonly kept: readonly Buffer[];
  /** Bcc and Resent-Bcc, as they came: for nobody to see but who wrote the message (RFC 5322 §3.6.3). */
  readonly hidden: readonly Buffer[];
  /** Where among those kept the field Sender stands; null as `sender` is. */
  readonly senderAt: number | null;
  readonly fromFields: number;
  /** The mailboxes of From; those without a domain are none. */
  readonly authors: readonly MailboxAddress[];
  /** From names more than may be read, or something with `@` that is no address and that programs may show as one. */
  readonly isFromUnclear: boolean;
  /** That of Sender, if it stays. */
  readonly sender: MailboxAddress | null;
  readonly hasDate: boolean;
  readonly hasMessageId: boolean;
}

const HIDDEN: ReadonlySet<string> = new Set(['bcc', 'resent-bcc']);
/** Fields that the server sets. */
const SET_HERE: ReadonlySet<string> = new Set(['return-path']);
/** Fields of which the first stays. */
const ONCE: ReadonlySet<string> = new Set(['date', 'message-id']);

/**
 * Reads a header section. Bcc goes, as nobody is to see it (RFC 5322 §3.6.3), Return-Path, a second Date or Message-ID, and a
 * Sender that is malformed or given twice.
 */
export function readSubmittedHeader(header: Buffer): SubmittedHeader {
  const kept: Buffer[] = [];
  const hidden: Buffer[] = [];
  const senders: { readonly at: number; readonly value: string }[] = [];
  const names = new Set<string>();
  const authors: MailboxAddress[] = [];
  let fromFields = 0;
  let isFromUnclear = false;
  const cursor = new FieldCursor(header);
  while (cursor.next()) {
    const name = header.toString('latin1', cursor.start, cursor.nameEnd).toLowerCase();
    const isAgain = names.has(name);
    names.add(name);
    if (HIDDEN.has(name)) hidden.push(header.subarray(cursor.start, cursor.end));
    if (HIDDEN.has(name) || SET_HERE.has(name) || (isAgain && ONCE.has(name))) continue;
    if (name === 'from' || name === 'sender') {
      const value = header.toString('latin1', cursor.valueStart, cursor.end).replace(/[\r\n]/g, '');
      if (name === 'sender') senders.push({ at: kept.length, value });
      else {
        const read = readMailboxes(value);
        authors.push(...read.mailboxes);
        isFromUnclear ||= !read.isClear;
        fromFields++;
      }
    }
    kept.push(header.subarray(cursor.start, cursor.end));
  }
  const [sender, ...otherSenders] = senders;
  const [named = null, ...others] = sender === undefined ? [] : readMailboxes(sender.value).mailboxes;
  const isClear = otherSenders.length === 0 && others.length === 0 && named !== null;
  const stays = kept.filter((_, at) => isClear || !senders.some((each) => each.at === at));
  return {
    kept: [...stays, header.subarray(cursor.end)],
    hidden,
    senderAt: isClear ? (sender?.at ?? null) : null,
    fromFields,
    authors,
    isFromUnclear,
    sender: isClear ? named : null,
    hasDate: names.has('date'),
    hasMessageId: names.has('message-id'),
  };
}

interface ReadMailboxes {
  /** At most one more than may be. A local part in the form in which it stands in MAIL. */
  readonly mailboxes: readonly MailboxAddress[];
  /** All was read, and whatever has `@` is an address. */
  readonly isClear: boolean;
}

function readMailboxes(value: string): ReadMailboxes {
  const entries = parseAddresses(value, AUTHORS + 1);
  const mailboxes: MailboxAddress[] = [];
  let isWhole = unreadHosts(value).length === 0;
  for (const { mailbox, host } of entries) {
    if (mailbox === null || host === null) continue; // of a group
    if (mailbox === missingMailbox || host === missingHost) isWhole = false;
    else mailboxes.push({ localPart: localPartOf(utf8(mailbox)), domain: utf8(host) });
  }
  const hasAddress = mailboxes.length > 0 && isWhole;
  return { mailboxes, isClear: entries.length <= AUTHORS && (hasAddress || !value.includes('@')) };
}

function utf8(octets: string): string {
  return Buffer.from(octets, 'latin1').toString();
}

/** What can be no local part is nobody's: the directory knows no such address. */
function localPartOf(content: string): string {
  try {
    return formatLocalPart(content);
  } catch {
    return content;
  }
}

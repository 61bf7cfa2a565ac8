import type { RemovedFrom, RemovedMessage, RemovedSelection } from '@postel/storage';
import { formatTable } from '../format-table.ts';
import { formatMoment } from '../moment.ts';
import { printable, printableCount, printableSize } from '../printable.ts';
import type { Terminal } from '../terminal.ts';

const NAME_CHARACTERS = 40;
const FROM_CHARACTERS = 24;
const SUBJECT_CHARACTERS = 60;
/** Lines whose columns stand below each other. */
const ROWS_AT_ONCE = 500;

/** A line a mailbox. */
export function showMailboxes(mailboxes: readonly RemovedFrom[], terminal: Terminal): void {
  const rows = mailboxes.map(({ name, isDeleted, messages, octets, firstRemoved, lastRemoved }) => [
    `${printable(name, NAME_CHARACTERS)}${isDeleted ? ' (deleted)' : ''}`,
    String(messages),
    printableSize(octets),
    formatMoment(firstRemoved),
    formatMoment(lastRemoved),
  ]);
  terminal.say(formatTable([['MAILBOX', 'MESSAGES', 'SIZE', 'REMOVED FROM', 'TO'], ...rows]));
}

/** A line a message. */
export async function showMessages(messages: AsyncIterable<RemovedMessage>, terminal: Terminal): Promise<void> {
  let rows: (readonly string[])[] = [['REMOVED', 'MAILBOX', 'SIZE', 'DATE', 'FROM', 'SUBJECT']];
  for await (const { removedAt, mailbox, sizeOctets, internalDate, from, subject } of messages) {
    rows.push([
      formatMoment(removedAt),
      printable(mailbox, NAME_CHARACTERS),
      printableSize(sizeOctets),
      formatMoment(internalDate),
      printable(from, FROM_CHARACTERS),
      printable(subject, SUBJECT_CHARACTERS),
    ]);
    if (rows.length < ROWS_AT_ONCE) continue;
    terminal.say(formatTable(rows));
    rows = [];
  }
  if (rows.length > 0) terminal.say(formatTable(rows));
}

/** Of a selection that may be too narrow, says so: the account may well have removed messages that it leaves out. */
export function nothingFound(what: string, { mailbox, from, until }: RemovedSelection): string {
  const of = mailbox === null ? '' : ` of mailbox ${printable(mailbox, NAME_CHARACTERS)}`;
  const at = from === null && until === null ? '' : ' of that time';
  return `No removed message${of}${at} ${what}.`;
}

/** `1,200 messages (3.4 MB)` */
export function inWords(parts: readonly { readonly messages: number; readonly octets: number }[]): string {
  const messages = parts.reduce((sum, part) => sum + part.messages, 0);
  const octets = parts.reduce((sum, part) => sum + part.octets, 0);
  return `${printableCount(messages, 'message')} (${printableSize(octets)})`;
}

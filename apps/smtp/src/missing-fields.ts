import { randomUUID } from 'node:crypto';
import { formatDateTime } from '@postel/mime';
import { HEADER_SEARCH_OCTETS } from './limits.ts';

/** Watches a message pass for the header fields that every message should have. */
export class MissingFields {
  readonly #pieces: Buffer[] = [];
  #octets = 0;

  push(piece: Buffer): void {
    if (this.#octets >= HEADER_SEARCH_OCTETS) return;
    this.#pieces.push(piece.subarray(0, HEADER_SEARCH_OCTETS - this.#octets));
    this.#octets += piece.length;
  }

  /**
   * The fields that a submission server may add (RFC 6409 §8): Message-ID and Date, each in a line with its CRLF, if the
   * message has none. Of a header section longer than HEADER_SEARCH_OCTETS nothing is known and nothing is added.
   */
  format(hostname: string, receivedAt: Date): string {
    const start = `\r\n${Buffer.concat(this.#pieces).toString('latin1')}`;
    const end = start.indexOf('\r\n\r\n');
    if (end === -1 && this.#octets >= HEADER_SEARCH_OCTETS) return '';
    const header = end === -1 ? start : start.slice(0, end);
    const messageId = /\r\nmessage-id[ \t]*:/i.test(header) ? '' : `Message-ID: <${randomUUID()}@${hostname}>\r\n`;
    const date = /\r\ndate[ \t]*:/i.test(header) ? '' : `Date: ${formatDateTime(receivedAt)}\r\n`;
    return messageId + date;
  }
}

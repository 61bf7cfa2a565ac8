import { limits } from './limits.ts';
import { parseMessage } from './message-parser.ts';
import type { OctetString } from './octet-string.ts';

/**
 * The content transfer encoding of a leaf part, as `Part.encoding` has it.
 *
 * @param header of the part, or of the message that has no other part; fields behind `limits.headerOctets` are not looked at
 */
export function transferEncoding(header: Buffer): OctetString {
  return parseMessage(header.subarray(0, limits.headerOctets)).root.encoding;
}

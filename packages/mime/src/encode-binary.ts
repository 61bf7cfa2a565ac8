import { HeaderFieldSelector } from './header-field-selector.ts';
import type { PartRange } from './part.ts';
import { decodePartIndex } from './part-index.ts';
import { knownTransferDecoder } from './transfer-decoders.ts';
import { transferEncoding } from './transfer-encoding.ts';

/** A message whose structure is known, and whose octets can be read again. */
export interface ReadableMessage {
  readonly sizeOctets: number;
  readonly partIndex: Buffer;
  /** Octets `start` to `end` (not included). */
  read(start: number, end: number): AsyncIterable<Buffer>;
}

/** Where the octets of another message go. */
export interface MessageSink {
  write(piece: Buffer): Promise<void>;
}

const NUL = 0x00;
const TAB = 0x09;
const SPACE = 0x20;
/** A longer header of a part is not written anew. */
const HEADER_OCTETS = 1024 * 1024;
/** Octets that make a line of base64 of 76 characters (RFC 2045 §6.8). */
const LINE_OCTETS = 57;
const FIELD = Buffer.from('Content-Transfer-Encoding: base64\r\n');
const OTHER_FIELDS = new HeaderFieldSelector(['Content-Transfer-Encoding'], 'except');
const ENCODED = new Set(['base64', 'quoted-printable', 'x-uuencode', 'x-uue', 'uuencode']);

/**
 * Writes a message with NUL so that it has none: parts in which it stands are put in base64. RFC 3516 §6 wants what FETCH tells
 * of such a message to be as if they were, and as a message's octets never change here, they are so from the beginning; FETCH
 * BINARY gives them as they came. Parts without NUL stay as they are, or signatures would suffer without need.
 *
 * @returns false if NUL stands where base64 cannot hide it: in a header, between parts, or in what has another encoding. What was
 *   written then is no message.
 */
export async function encodeBinary(content: ReadableMessage, writer: MessageSink): Promise<boolean> {
  const parts = await partsWithNul(content);
  if (parts === null) return false;
  let at = 0;
  const copyTo = async (end: number) => {
    for await (const piece of content.read(at, end)) await writer.write(piece);
    at = end;
  };
  for (const part of parts) {
    await copyTo(part.headerStart);
    if (part.bodyStart - part.headerStart > HEADER_OCTETS) return false;
    const header = Buffer.concat(await Array.fromAsync(content.read(part.headerStart, part.bodyStart)));
    const encoding = transferEncoding(header).toLowerCase();
    if (ENCODED.has(encoding) || knownTransferDecoder(encoding) === null) return false;
    const others = OTHER_FIELDS.select(header);
    if (others[0] === SPACE || others[0] === TAB) return false; // it would go on our field
    await writer.write(Buffer.concat([FIELD, others]));
    await writeBase64(content.read(part.bodyStart, part.end), writer);
    at = part.end;
  }
  await copyTo(content.sizeOctets);
  return true;
}

/** The leaf parts in whose body there is NUL, in their order; null if it stands elsewhere too. */
async function partsWithNul(content: ReadableMessage): Promise<readonly PartRange[] | null> {
  const leaves = leavesOf(decodePartIndex(content.partIndex).root);
  const found: PartRange[] = [];
  let next = 0;
  let at = 0;
  for await (const piece of content.read(0, content.sizeOctets)) {
    for (let nul = piece.indexOf(NUL); nul !== -1; ) {
      while ((leaves[next]?.end ?? Number.POSITIVE_INFINITY) <= at + nul) next++;
      const leaf = leaves[next];
      if (leaf === undefined || leaf.bodyStart > at + nul) return null;
      if (found.at(-1) !== leaf) found.push(leaf);
      nul = leaf.end - at < piece.length ? piece.indexOf(NUL, leaf.end - at) : -1;
    }
    at += piece.length;
  }
  return found;
}

function leavesOf(root: PartRange): readonly PartRange[] {
  const leaves: PartRange[] = [];
  const open = [root];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.kind === 'leaf') leaves.push(part);
    else open.push(...part.children.toReversed());
  }
  return leaves;
}

async function writeBase64(pieces: AsyncIterable<Buffer>, writer: MessageSink): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let separator = '';
  for await (const piece of pieces) {
    const octets = Buffer.concat([rest, piece]);
    const whole = octets.length - (octets.length % LINE_OCTETS);
    const lines: string[] = [];
    for (let from = 0; from < whole; from += LINE_OCTETS)
      lines.push(octets.toString('base64', from, from + LINE_OCTETS));
    if (lines.length > 0) {
      await writer.write(Buffer.from(separator + lines.join('\r\n')));
      separator = '\r\n';
    }
    rest = Buffer.from(octets.subarray(whole));
  }
  if (rest.length > 0) await writer.write(Buffer.from(separator + rest.toString('base64')));
}

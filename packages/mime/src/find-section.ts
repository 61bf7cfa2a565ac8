import type { PartRange } from './part.ts';
import type { PartIndex } from './part-index.ts';

/** A section of a message as FETCH names it (RFC 9051 §6.4.5.1): part numbers, then what of that part. */
export interface Section {
  /** Part numbers from 1; empty for the message itself. */
  readonly path: readonly number[];
  /** HEADER stands for HEADER.FIELDS and HEADER.FIELDS.NOT too. Null for the whole. */
  readonly text: 'HEADER' | 'TEXT' | 'MIME' | null;
}

/** Octets from `start` up to, not including, `end`. */
export interface SectionRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds where a section lies. An empty range is a section that exists and is empty.
 *
 * A message may be shown with a prefix before the content that was parsed: the header fields that the server added. They are
 * part of the message's header, so what begins with that header (BODY[], BODY[HEADER], and BODY[1.MIME] of a message
 * without parts) begins with the prefix, and all else lies further back by its length. The range is one in
 * prefix + content.
 *
 * @param prefixOctets length of that prefix, which must consist of whole header fields
 * @returns null if the message has no such section
 */
export function findSection({ root }: PartIndex, { path, text }: Section, prefixOctets = 0): SectionRange | null {
  const part = path.length === 0 ? root : findPart(root, path);
  if (part === null) return null;
  const headerStart = part === root ? 0 : part.headerStart + prefixOctets;
  const bodyStart = part.bodyStart + prefixOctets;
  const end = part.end + prefixOctets;

  switch (text) {
    case null:
      return { start: path.length === 0 ? headerStart : bodyStart, end };
    case 'MIME':
      return path.length === 0 ? null : { start: headerStart, end: bodyStart };
    case 'HEADER':
    case 'TEXT': {
      if (path.length === 0) {
        return text === 'HEADER' ? { start: headerStart, end: bodyStart } : { start: bodyStart, end };
      }
      // After part numbers they mean the embedded message's, and exist for embedded messages only.
      const embedded = part.kind === 'message' ? part.children[0] : undefined;
      if (embedded === undefined) return null;
      return text === 'HEADER'
        ? { start: embedded.headerStart + prefixOctets, end: embedded.bodyStart + prefixOctets }
        : { start: embedded.bodyStart + prefixOctets, end: embedded.end + prefixOctets };
    }
    default:
      return text satisfies never;
  }
}

/**
 * Follows part numbers. They count the parts of a multipart. A message that is no multipart has the one part 1: its root;
 * so the numbers that follow an embedded message's are counted in its root, or name it.
 */
export function findPart(root: PartRange, path: readonly number[]): PartRange | null {
  let message: PartRange | null = root; // the message whose numbers come next
  let part: PartRange = root;
  for (const number of path) {
    if (message === null && part.kind === 'message') message = part.children[0] ?? null;
    let next: PartRange | undefined;
    if (message !== null && message.kind !== 'multipart') next = number === 1 ? message : undefined;
    else if (message !== null) next = message.children[number - 1];
    else if (part.kind === 'multipart') next = part.children[number - 1];
    if (next === undefined) return null;
    part = next;
    message = null;
  }
  return part;
}

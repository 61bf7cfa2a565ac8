import type { MessageStructure, PartRange } from './part.ts';

/** The parts of a message with their ranges: all that FETCH of a section needs to know. */
export interface PartIndex {
  readonly root: PartRange;
}

/** The octets given are no part index. */
export class PartIndexError extends Error {
  override readonly name = 'PartIndexError';
}

/**
 * The form: one octet for the version, then each part before its children as numbers in base 128, low digits first, the high
 * bit set on all but the last:
 *
 * - how far its header begins behind the end of the part before it, or behind the beginning of its parent's body; times 4,
 *   plus the kind,
 * - octets of its header and of its body,
 * - for a multipart, how many parts it has.
 *
 * A message of one part takes about 6 octets, each further part about 6 more.
 */
const version = 1;

const kinds = ['leaf', 'multipart', 'message'] as const;

/** Encodes where the parts of a message lie. */
export function encodePartIndex(structure: MessageStructure): Buffer {
  const octets: number[] = [version];
  // Where the part before each pending one ends: siblings follow one another, so it is known from the structure.
  const pending: { readonly part: PartRange; readonly after: number }[] = [{ part: structure.root, after: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { part, after } = next;
    pushNumber(octets, (part.headerStart - after) * 4 + kinds.indexOf(part.kind));
    pushNumber(octets, part.bodyStart - part.headerStart);
    pushNumber(octets, part.end - part.bodyStart);
    if (part.kind === 'multipart') pushNumber(octets, part.children.length);
    for (let i = part.children.length - 1; i >= 0; i--) {
      const child = part.children[i];
      if (child !== undefined) pending.push({ part: child, after: part.children[i - 1]?.end ?? part.bodyStart });
    }
  }
  return Buffer.from(octets);
}

interface DecodedPart extends PartRange {
  readonly children: DecodedPart[];
}

/**
 * Decodes a part index.
 *
 * @throws {PartIndexError} if the octets are not one, or its ranges do not lie in order inside one another
 */
export function decodePartIndex(octets: Uint8Array): PartIndex {
  const reader = new NumberReader(octets);
  if (reader.number() !== version) throw new PartIndexError('Unknown version of the part index');
  const root = readPart(reader, 0, Number.MAX_SAFE_INTEGER);
  const open = [{ part: root, children: childCount(reader, root) }];
  for (let around = open.at(-1); around !== undefined; around = open.at(-1)) {
    if (around.children === 0) {
      open.pop();
      continue;
    }
    around.children--;
    const { part } = around;
    const child = readPart(reader, part.children.at(-1)?.end ?? part.bodyStart, part.end);
    part.children.push(child);
    open.push({ part: child, children: childCount(reader, child) });
  }
  if (!reader.isAtEnd) throw new PartIndexError('Octets after the part index');
  return { root };
}

function readPart(reader: NumberReader, after: number, max: number): DecodedPart {
  const first = reader.number();
  const kind = kinds[first % 4];
  const headerStart = after + Math.floor(first / 4);
  const bodyStart = headerStart + reader.number();
  const end = bodyStart + reader.number();
  if (kind === undefined || end > max) throw new PartIndexError('Impossible part in the part index');
  return { kind, headerStart, bodyStart, end, children: [] };
}

function childCount(reader: NumberReader, { kind }: PartRange): number {
  switch (kind) {
    case 'leaf':
      return 0;
    case 'message':
      return 1;
    case 'multipart': {
      const count = reader.number();
      if (count === 0) throw new PartIndexError('Multipart without parts in the part index');
      return count;
    }
    default:
      return kind satisfies never;
  }
}

function pushNumber(octets: number[], value: number): void {
  let rest = value;
  // Division, not shifts: offsets pass 2^32.
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push((rest % 0x80) | 0x80);
  octets.push(rest);
}

class NumberReader {
  readonly #octets: Uint8Array;
  #position = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#octets.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const octet = this.#octets[this.#position++];
      if (octet === undefined) throw new PartIndexError('Part index ends too early');
      value += (octet & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new PartIndexError('Number too large in the part index');
      if (octet < 0x80) return value;
      if (scale > Number.MAX_SAFE_INTEGER) throw new PartIndexError('Number too long in the part index');
    }
  }
}

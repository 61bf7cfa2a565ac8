/** Reads what the SQL function pack_message wrote. */

export interface PackedMessage {
  readonly uid: number;
  readonly modSeq: number;
  readonly flags: number;
  /** Ids, ascending; shared and empty for most messages. */
  readonly keywords: readonly number[];
}

const NONE: readonly number[] = [];

export function* unpackMessages(packed: Buffer): Generator<PackedMessage> {
  for (let at = 0; at < packed.length; ) {
    const message = unpackMessageAt(packed, at);
    at += packedOctets(message);
    yield message;
  }
}

function unpackMessageAt(packed: Buffer, at: number): PackedMessage {
  const keywordCount = packed.readUInt16BE(at + 14);
  return {
    uid: packed.readUInt32BE(at),
    modSeq: packed.readUInt32BE(at + 4) * 2 ** 32 + packed.readUInt32BE(at + 8),
    flags: packed.readUInt16BE(at + 12),
    keywords:
      keywordCount === 0 ? NONE : Array.from({ length: keywordCount }, (_, i) => packed.readUInt32BE(at + 20 + 8 * i)),
  };
}

const packedOctets = ({ keywords }: PackedMessage): number => 16 + 8 * keywords.length;

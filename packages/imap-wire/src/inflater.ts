import { InflateError } from './inflate-error.ts';
import { InflateWindow, WINDOW_OCTETS } from './inflate-window.ts';
import { PrefixCode } from './prefix-code.ts';

/** What is inflated at a time, give or take the end of a match. */
const PIECE_OCTETS = 32 * 1024;
/** Blocks that are begun at a time: codes take 40 us to be read, and a block may have nothing else. */
const BLOCKS_AT_ONCE = 32;
const LONGEST_MATCH = 258;
/** A rest of the input that is shorter is copied, or it would hold its whole chunk. */
const SHORT_OCTETS = 1024;
const NOTHING = Buffer.alloc(0);

/** RFC 1951 §3.2.5: of the length codes from 257 on, and of the distance codes from 0 on. */
const LENGTHS = 257;
const LENGTH_BASE = Uint16Array.of(
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ],
);
const LENGTH_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
const DISTANCE_BASE = Uint16Array.of(
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097],
  ...[6145, 8193, 12289, 16385, 24577],
);
const DISTANCE_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13],
);
const END_OF_BLOCK = 256;

/** RFC 1951 §3.2.7: the order in which the lengths stand of the codes that the code lengths are written in. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MOST_LITERALS = 286;
const MOST_DISTANCES = 30;

const ORDER_TABLE_BITS = 7;
const LITERAL_TABLE_BITS = 10;
const DISTANCE_TABLE_BITS = 8;

/** RFC 1951 §3.2.6. */
const fixedLiterals = new PrefixCode(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  LITERAL_TABLE_BITS,
);
const fixedDistances = new PrefixCode(new Uint8Array(32).fill(5), DISTANCE_TABLE_BITS);

/** Where all inflate, one at a time: what may be referred to, and behind it what is inflated. */
const work = Buffer.allocUnsafeSlow(WINDOW_OCTETS + PIECE_OCTETS + LONGEST_MATCH);

/**
 * Inflates DEFLATE data (RFC 1951) that is pushed in as it comes and pulled out in pieces: whatever it inflates to, no more
 * than a piece is held of it, and no more time spent at once than a piece takes.
 *
 * At rest it holds what the next octets may refer to and hardly anything else: what was inflated so far, up to 32 kB. (zlib
 * takes 55 kB, and as Node has it does not tell where compressed data ends, as it does behind UNAUTHENTICATE.)
 */
export class Inflater {
  readonly #window = new InflateWindow();
  #input: Buffer = NOTHING;
  #at = 0;
  /** Bits taken from the input and not used yet, the next one lowest. */
  #bits = 0;
  #bitCount = 0;
  #state: 'header' | 'stored' | 'codes' | 'ended' = 'header';
  #isLastBlock = false;
  /** Octets still to come of a stored block. */
  #storedLeft = 0;
  #literals = fixedLiterals;
  #distances = fixedDistances;
  /** How far `work` is written. */
  #end = 0;
  #isAtSyncPoint = true;

  /** Whether anything waits to be inflated: to be pulled, or for more to come. */
  get hasInput(): boolean {
    return this.#input.length > 0;
  }

  /** What was pulled last reaches up to a flush of the sender, or the end: octets behind it need not be compressed. */
  get isAtSyncPoint(): boolean {
    return this.#isAtSyncPoint;
  }

  push(chunk: Buffer): void {
    this.#input = this.hasInput ? Buffer.concat([this.#input, chunk]) : chunk;
  }

  /**
   * Gives what comes next, up to some 32 kB or to a sync point; it may be empty. Null if more must be pushed first.
   *
   * @throws {InflateError}
   */
  pull(): Buffer | null {
    if (!this.hasInput) return null;
    if (this.#state === 'ended') throw new InflateError('Something stands behind the end');
    const start = this.#window.copyTo(work);
    this.#end = start;
    this.#isAtSyncPoint = false;
    const goesOn = this.#inflate(start + PIECE_OCTETS);
    this.#keepRest();
    if (this.#end === start) return goesOn ? NOTHING : null;
    const piece = copied(work.subarray(start, this.#end));
    this.#window.append(piece);
    return piece;
  }

  /** At a sync point: what was pushed and stands behind it, as it came. */
  takeRest(): Buffer {
    const rest = this.#input;
    this.#input = NOTHING;
    return rest;
  }

  #keepRest(): void {
    // Whole octets that were only looked at are looked at again.
    this.#at -= this.#bitCount >> 3;
    this.#bitCount &= 7;
    this.#bits &= (1 << this.#bitCount) - 1;
    const rest = this.#input.subarray(this.#at);
    this.#input = rest.length === 0 ? NOTHING : rest.length < SHORT_OCTETS ? copied(rest) : rest;
    this.#at = 0;
  }

  /** Inflates up to a sync point or the limit. @returns false if more must come first */
  #inflate(limit: number): boolean {
    let blocks = 0;
    while (!this.#isAtSyncPoint && this.#end < limit) {
      switch (this.#state) {
        case 'ended':
          return true;
        case 'header':
          if (++blocks > BLOCKS_AT_ONCE) return true;
          if (!this.#readHeader()) return false;
          break;
        case 'stored':
          if (!this.#copyStored(limit)) return false;
          break;
        case 'codes':
          if (!this.#readSymbols(limit)) return false;
          break;
        default:
          this.#state satisfies never;
      }
    }
    return true;
  }

  /** Reads the beginning of a block up to its data. @returns false, and nothing happened, if not all of it is here */
  #readHeader(): boolean {
    const [at, bits, bitCount] = [this.#at, this.#bits, this.#bitCount];
    if (this.#tryHeader()) return true;
    this.#at = at;
    this.#bits = bits;
    this.#bitCount = bitCount;
    return false;
  }

  #tryHeader(): boolean {
    const header = this.#take(3);
    if (header < 0) return false;
    this.#isLastBlock = (header & 1) === 1;
    switch (header >> 1) {
      case 0:
        return this.#readStoredLength();
      case 1:
        this.#literals = fixedLiterals;
        this.#distances = fixedDistances;
        this.#state = 'codes';
        return true;
      case 2:
        return this.#readCodes();
      default:
        throw new InflateError('No such type of block');
    }
  }

  /** RFC 1951 §3.2.4. */
  #readStoredLength(): boolean {
    this.#take(this.#bitCount & 7);
    const length = this.#take(16);
    const complement = this.#take(16);
    if (complement < 0) return false;
    if ((length ^ complement) !== 0xffff) throw new InflateError('The length of a block is damaged');
    this.#storedLeft = length;
    this.#state = 'stored';
    if (length === 0) this.#isAtSyncPoint = true; // nobody writes such a block but to flush
    if (length === 0) this.#endBlock();
    return true;
  }

  #copyStored(limit: number): boolean {
    // What was looked at goes back: it is of this input, since before the header nothing was.
    this.#at -= this.#bitCount >> 3;
    this.#bitCount = 0;
    this.#bits = 0;
    const octets = Math.min(this.#storedLeft, limit - this.#end, this.#input.length - this.#at);
    this.#input.copy(work, this.#end, this.#at, this.#at + octets);
    this.#at += octets;
    this.#end += octets;
    this.#storedLeft -= octets;
    if (this.#storedLeft === 0) this.#endBlock();
    return octets > 0;
  }

  /** RFC 1951 §3.2.7. */
  #readCodes(): boolean {
    const counts = this.#take(14);
    if (counts < 0) return false;
    const literals = 257 + (counts & 0x1f);
    const distances = 1 + ((counts >> 5) & 0x1f);
    if (literals > MOST_LITERALS || distances > MOST_DISTANCES) throw new InflateError('Too many codes');
    const orderLengths = new Uint8Array(LENGTH_ORDER.length);
    for (const symbol of LENGTH_ORDER.slice(0, 4 + (counts >> 10))) {
      const length = this.#take(3);
      if (length < 0) return false;
      orderLengths[symbol] = length;
    }
    const order = new PrefixCode(orderLengths, ORDER_TABLE_BITS);
    const lengths = new Uint8Array(literals + distances);
    for (let at = 0; at < lengths.length; ) {
      const symbol = this.#decode(order);
      if (symbol < 0) return false;
      if (symbol < 16) {
        lengths[at++] = symbol;
        continue;
      }
      if (symbol === 16 && at === 0) throw new InflateError('There is no length to repeat');
      const extra = this.#take(symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
      if (extra < 0) return false;
      const end = at + extra + (symbol === 18 ? 11 : 3);
      if (end > lengths.length) throw new InflateError('More lengths than there are codes');
      lengths.fill(symbol === 16 ? (lengths[at - 1] ?? 0) : 0, at, end);
      at = end;
    }
    if (lengths[END_OF_BLOCK] === 0) throw new InflateError('The block has no end');
    this.#literals = new PrefixCode(lengths.subarray(0, literals), LITERAL_TABLE_BITS);
    this.#distances = new PrefixCode(lengths.subarray(literals), DISTANCE_TABLE_BITS);
    this.#state = 'codes';
    return true;
  }

  /**
   * Literals and matches (RFC 1951 §3.2.3), as long as they are here as a whole.
   *
   * @returns false if more must come first
   */
  #readSymbols(limit: number): boolean {
    const input = this.#input;
    const literals = this.#literals;
    const distances = this.#distances;
    const literalTable = literals.table;
    const distanceTable = distances.table;
    const literalMask = literalTable.length - 1;
    const distanceMask = distanceTable.length - 1;
    const inputEnd = input.length;
    let at = this.#at;
    let bits = this.#bits;
    let bitCount = this.#bitCount;
    let end = this.#end;
    let isMissing = false;
    let isBlockEnd = false;
    while (end < limit) {
      // The symbol in hand begins here, if more must come for it.
      this.#at = at;
      this.#bits = bits;
      this.#bitCount = bitCount;
      while (bitCount <= 24 && at < inputEnd) {
        bits |= (input[at++] ?? 0) << bitCount;
        bitCount += 8;
      }
      const found = literalTable[bits & literalMask] || literals.find(bits, bitCount);
      const codeLength = found & 15;
      if (found === 0 || codeLength > bitCount) {
        isMissing = true;
        break;
      }
      bits >>>= codeLength;
      bitCount -= codeLength;
      const symbol = found >> 4;
      if (symbol < END_OF_BLOCK) {
        work[end++] = symbol;
        continue;
      }
      if (symbol === END_OF_BLOCK) {
        isBlockEnd = true;
        break;
      }
      if (symbol >= MOST_LITERALS) throw new InflateError('No such length');
      const lengthExtra = LENGTH_EXTRA[symbol - LENGTHS] ?? 0;
      if (lengthExtra > bitCount) {
        isMissing = true;
        break;
      }
      const length = (LENGTH_BASE[symbol - LENGTHS] ?? 0) + (bits & ((1 << lengthExtra) - 1));
      bits >>>= lengthExtra;
      bitCount -= lengthExtra;

      while (bitCount <= 24 && at < inputEnd) {
        bits |= (input[at++] ?? 0) << bitCount;
        bitCount += 8;
      }
      const foundDistance = distanceTable[bits & distanceMask] || distances.find(bits, bitCount);
      const distanceLength = foundDistance & 15;
      const distanceSymbol = foundDistance >> 4;
      const distanceExtra = DISTANCE_EXTRA[distanceSymbol] ?? 0;
      if (foundDistance === 0 || distanceLength + distanceExtra > bitCount) {
        isMissing = true;
        break;
      }
      if (distanceSymbol >= MOST_DISTANCES) throw new InflateError('No such distance');
      bits >>>= distanceLength;
      const distance = (DISTANCE_BASE[distanceSymbol] ?? 0) + (bits & ((1 << distanceExtra) - 1));
      bits >>>= distanceExtra;
      bitCount -= distanceLength + distanceExtra;
      if (distance > end) throw new InflateError('A distance reaches too far back');

      const matchEnd = end + length;
      if (distance >= length && length > 24) work.copyWithin(end, end - distance, matchEnd - distance);
      else for (let to = end; to < matchEnd; to++) work[to] = work[to - distance] ?? 0;
      end = matchEnd;
    }
    this.#end = end;
    if (isMissing) return false;
    this.#at = at;
    this.#bits = bits;
    this.#bitCount = bitCount;
    if (isBlockEnd) this.#endBlock();
    return true;
  }

  #endBlock(): void {
    this.#literals = fixedLiterals;
    this.#distances = fixedDistances;
    this.#state = 'header';
    if (!this.#isLastBlock) return;
    this.#state = 'ended';
    this.#isAtSyncPoint = true;
    this.#bits >>>= this.#bitCount & 7;
    this.#bitCount &= ~7;
  }

  /** So many bits, at most 16, as a number; -1 if they are not here. */
  #take(count: number): number {
    this.#refill();
    if (this.#bitCount < count) return -1;
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#bitCount -= count;
    return value;
  }

  /** A symbol; -1 if its code is not here as a whole. */
  #decode(code: PrefixCode): number {
    this.#refill();
    const found = code.find(this.#bits, this.#bitCount);
    if (found === 0) return -1;
    this.#bits >>>= found & 15;
    this.#bitCount -= found & 15;
    return found >> 4;
  }

  #refill(): void {
    while (this.#bitCount <= 24 && this.#at < this.#input.length) {
      this.#bits |= (this.#input[this.#at++] ?? 0) << this.#bitCount;
      this.#bitCount += 8;
    }
  }
}

/** Not from the pool: a command that lasts, IDLE say, would hold a chunk of it. */
function copied(octets: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(octets.length);
  octets.copy(copy);
  return copy;
}

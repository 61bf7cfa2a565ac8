import { knownTransferDecoder, type TransferDecoder } from '@postel/mime';
import type { MessageOctets, OctetRange } from './message-sections.ts';

const NUL = 0x00;

/** Where a decoder stands: before which octet of the encoded body, and before which of what it makes. */
export interface DecoderPlace {
  readonly encodedAt: number;
  readonly decodedAt: number;
  readonly decoder: TransferDecoder;
}

/** What is to be sent of a part; RFC 3516 §4.3: in a literal8 only if it has NUL. */
export interface DecodedRange {
  readonly from: number;
  readonly sizeOctets: number;
  readonly hasNul: boolean;
  /** Null if it is more than was to be held. */
  readonly held: Buffer | null;
}

/**
 * A part of a message without its content transfer encoding: RFC 3516 §4.2. What is no proper base64 or quoted-printable is
 * decoded as searches and previews read it (packages/mime).
 *
 * Only leaf parts have an encoding: a multipart, an embedded message and the message itself (`BINARY[]`) are given as they are.
 * Line ends are those that came: nothing here keeps a text in another form than it was sent in.
 */
export class DecodedPart {
  readonly #octets: MessageOctets;
  readonly #body: OctetRange;
  readonly #first: DecoderPlace;
  /** Not behind the beginning of the range that was decoded last. */
  #beforeRange: DecoderPlace;
  #last: DecoderPlace;

  private constructor(octets: MessageOctets, body: OctetRange, decoder: TransferDecoder) {
    this.#octets = octets;
    this.#body = body;
    this.#first = { encodedAt: body.start, decodedAt: 0, decoder };
    this.#beforeRange = this.#first;
    this.#last = this.#first;
  }

  /** @returns null if the encoding is none that we know: RFC 3516 §4.3 UNKNOWN-CTE */
  static of(octets: MessageOctets, body: OctetRange, encoding: string): DecodedPart | null {
    const decoder = knownTransferDecoder(encoding);
    return decoder === null ? null : new DecodedPart(octets, body, decoder);
  }

  /** Where to go on for what follows the range that was decoded last; it may be told to another one of the same part. */
  get lastPlace(): DecoderPlace {
    return this.#last;
  }

  goOnFrom(place: DecoderPlace): void {
    this.#last = place;
  }

  /** All of it, of a message in memory. */
  inMemory(): Buffer {
    const decoder = this.#first.decoder.fork();
    const pieces = this.#octets.inMemory(this.#body).map((piece) => decoder.write(piece));
    return Buffer.concat([...pieces, decoder.end()]);
  }

  /** Decodes octets `from` to `to` to learn how many there are. @throws if the blob cannot be read */
  async measure(from: number, to: number, mayHoldOctets: number): Promise<DecodedRange> {
    let sizeOctets = 0;
    let hasNul = false;
    let held: Buffer[] | null = [];
    for await (const piece of this.read(from, to)) {
      sizeOctets += piece.length;
      hasNul ||= piece.includes(NUL);
      if (sizeOctets > mayHoldOctets) held = null;
      held?.push(Buffer.from(piece));
    }
    return { from, sizeOctets, hasNul, held: held === null ? null : Buffer.concat(held) };
  }

  /** Octets `from` to `to`, or as many as there are, of a message in a blob. */
  async *read(from: number, to: number): AsyncGenerator<Buffer> {
    const places = [this.#last, this.#beforeRange];
    const start = places.find((place) => place.decodedAt <= from) ?? this.#first;
    const decoder = start.decoder.fork();
    let { encodedAt, decodedAt } = start;
    for await (const piece of this.#octets.read({ start: encodedAt, end: this.#body.end })) {
      if (decodedAt >= to) return;
      this.#last = { encodedAt, decodedAt, decoder: decoder.fork() };
      if (decodedAt <= from) this.#beforeRange = this.#last;
      const decoded = decoder.write(piece);
      yield* cut(decoded, decodedAt, from, to);
      encodedAt += piece.length;
      decodedAt += decoded.length;
    }
    yield* cut(decoder.end(), decodedAt, from, to);
  }
}

function* cut(piece: Buffer, at: number, from: number, to: number): Generator<Buffer> {
  const wanted = piece.subarray(Math.max(from - at, 0), Math.max(to - at, 0));
  if (wanted.length > 0) yield wanted;
}

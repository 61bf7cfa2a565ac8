import type { X509Certificate } from 'node:crypto';

/** What Node.js does not tell of a certificate of an authority. */
export interface AuthorityConstraints {
  /** Certificates of authorities that may stand between it and a server's (RFC 5280 §4.2.1.9); null for any number. */
  readonly pathLength: number | null;
  /** It says for which names it may vouch (RFC 5280 §4.2.1.10). */
  readonly hasNameConstraints: boolean;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

const EXTENSIONS = 0xa3;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
/** 2.5.29.19 and 2.5.29.30. */
const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');
const NAME_CONSTRAINTS = Buffer.from('551d1e', 'hex');

/** Reads the extensions of a certificate that Node.js has read before, so that its lengths are in order. */
export function authorityConstraints({ raw }: X509Certificate): AuthorityConstraints {
  const [certificate] = elementsOf(raw);
  const [body] = elementsOf(certificate?.content);
  const [list] = elementsOf(elementsOf(body?.content).find(({ tag }) => tag === EXTENSIONS)?.content);
  const extensions = elementsOf(list?.content).map(({ content }) => elementsOf(content));
  const valueFor = (identifier: Buffer) =>
    extensions.find(([first]) => first?.content.equals(identifier))?.findLast(({ tag }) => tag === OCTET_STRING)
      ?.content;
  const [basic] = elementsOf(valueFor(BASIC_CONSTRAINTS));
  const length = elementsOf(basic?.content).find(({ tag }) => tag === INTEGER);
  return {
    // What needs more octets than one is longer than any path.
    pathLength: length?.content.length === 1 ? length.content.readUInt8() : null,
    hasNameConstraints: valueFor(NAME_CONSTRAINTS) !== undefined,
  };
}

/** The elements of DER one after the other (X.690 §8.1), as far as they are whole. */
function elementsOf(octets: Buffer = Buffer.alloc(0)): readonly Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at + 2 <= octets.length) {
    const tag = octets.readUInt8(at);
    const first = octets.readUInt8(at + 1);
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthOctets;
    if (lengthOctets > 4 || start > octets.length) break;
    const length = lengthOctets === 0 ? first : octets.readUIntBE(at + 2, lengthOctets);
    if (start + length > octets.length) break;
    elements.push({ tag, content: octets.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

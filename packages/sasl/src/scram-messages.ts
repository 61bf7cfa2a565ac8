import { isUtf8 } from 'node:buffer';
import { decodeBase64 } from './base64.ts';
import { type Gs2Header, parseGs2Header, parseSaslName } from './gs2-header.ts';

interface ClientFirst {
  readonly header: Gs2Header;
  readonly authenticationIdentity: string;
  readonly nonce: string;
  /** client-first-message-bare, as it came: part of what is signed. */
  readonly bare: string;
}

interface ClientFinal {
  /** The GS2 header again, and what the client is bound to. */
  readonly bindingInput: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** client-final-message-without-proof, as it came: part of what is signed. */
  readonly withoutProof: string;
}

/** Printable US-ASCII without comma (RFC 5802 §7). Programs send 16 to 64. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,512}$/;
const EXTENSION = /^([A-Za-z])=[^\0]+$/;
/** `m` in any place means that something follows which must be understood, and is not (RFC 5802 §5.1). */
const DEFINED_ATTRIBUTES: ReadonlySet<string> = new Set('anmrcsipve');

/** client-first-message: RFC 5802 §7. */
export function parseClientFirst(octets: Buffer): ClientFirst | null {
  const message = parseText(octets);
  const header = message === null ? null : parseGs2Header(message);
  if (message === null || header === null) return null;

  const bare = message.slice(header.text.length);
  const [name, random, ...extensions] = bare.split(',');
  const authenticationIdentity = parseSaslName(valueFor('n', name) ?? '');
  const nonce = valueFor('r', random);
  if (authenticationIdentity === null || nonce === null || !NONCE.test(nonce)) return null;
  return extensions.every(isExtension) ? { header, authenticationIdentity, nonce, bare } : null;
}

/** client-final-message: RFC 5802 §7. @param proofOctets length of the proof, which is that of the hash */
export function parseClientFinal(octets: Buffer, proofOctets: number): ClientFinal | null {
  const message = parseText(octets);
  if (message === null) return null;
  const endOfSigned = message.lastIndexOf(',');
  const proof = decodeBase64(valueFor('p', message.slice(endOfSigned + 1)) ?? '');
  const withoutProof = message.slice(0, Math.max(endOfSigned, 0));

  const [binding, random, ...extensions] = withoutProof.split(',');
  const bindingInput = decodeBase64(valueFor('c', binding) ?? '');
  const nonce = valueFor('r', random);
  if (proof?.length !== proofOctets || bindingInput === null || bindingInput.length === 0 || nonce === null)
    return null;
  return extensions.every(isExtension) ? { bindingInput, nonce, proof, withoutProof } : null;
}

function parseText(octets: Buffer): string | null {
  return isUtf8(octets) ? octets.toString('utf8') : null;
}

function valueFor(attribute: string, text: string | undefined): string | null {
  return text?.startsWith(`${attribute}=`) ? text.slice(2) : null;
}

/** One that we do not know, which is to be passed over. */
function isExtension(text: string): boolean {
  const attribute = EXTENSION.exec(text)?.[1];
  return attribute !== undefined && !DEFINED_ATTRIBUTES.has(attribute);
}

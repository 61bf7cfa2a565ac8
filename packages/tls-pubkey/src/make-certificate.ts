import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readPublicKey } from './client-key.ts';
import {
  bitString,
  explicit,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  trueValue,
  utf8String,
} from './der.ts';
import { MAX_COMMON_NAME_CHARACTERS } from './limits.ts';

export interface CertificateText {
  /** Subject and issuer: 1 to 64 characters. */
  readonly name: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SERIAL_NUMBER_OCTETS = 16;
const VERSION_3 = 2;

const COMMON_NAME = objectIdentifier('2.5.4.3');
const BASIC_CONSTRAINTS = objectIdentifier('2.5.29.19');
const KEY_USAGE = objectIdentifier('2.5.29.15');
const EXTENDED_KEY_USAGE = objectIdentifier('2.5.29.37');
const CLIENT_AUTHENTICATION = objectIdentifier('1.3.6.1.5.5.7.3.2');
/** The first bit of KeyUsage (RFC 5280 §4.2.1.3), and no other. */
const DIGITAL_SIGNATURE = bitString(Buffer.of(0x80), 7);

/** RFC 8410 §3, RFC 5758 §3.2, RFC 4055 §5. */
const SIGNATURES = {
  ed25519: { algorithm: sequence(objectIdentifier('1.3.101.112')), hash: null },
  ec: { algorithm: sequence(objectIdentifier('1.2.840.10045.4.3.2')), hash: 'sha256' },
  rsa: { algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nullValue()), hash: 'sha256' },
} as const;

/**
 * Makes the smallest certificate with which mail programs show a key to a server: self-signed, for TLS clients, no
 * authority (RFC 5280 §4.1). What it says but the key means nothing to us. The serial number is a hash of the rest, so
 * that two different certificates of one name can be kept in one store.
 *
 * @returns the certificate in DER
 * @throws {RangeError} the key is of a type that is not accepted, or the name too long
 */
export function makeCertificate(privateKey: KeyObject, { name, notBefore, notAfter }: CertificateText): Buffer {
  const reading = readPublicKey(createPublicKey(privateKey));
  if (reading.type === 'refused') throw new RangeError(reading.reason);
  const { subjectPublicKeyInfo } = reading.key;
  if (name === '' || [...name].length > MAX_COMMON_NAME_CHARACTERS) {
    throw new RangeError(`The name in a certificate has 1 to ${MAX_COMMON_NAME_CHARACTERS} characters`);
  }

  const { algorithm, hash } = signatureOf(privateKey);
  const subject = sequence(setOf(sequence(COMMON_NAME, utf8String(name))));
  const rest = [
    algorithm,
    subject, // the issuer
    sequence(time(notBefore), time(notAfter)),
    subject,
    subjectPublicKeyInfo,
    explicit(3, extensions()),
  ];
  const toBeSigned = sequence(explicit(0, integer(VERSION_3)), serialNumber(rest), ...rest);
  return sequence(toBeSigned, algorithm, bitString(sign(hash, toBeSigned, privateKey)));
}

function signatureOf({ asymmetricKeyType }: KeyObject) {
  switch (asymmetricKeyType) {
    case 'ed25519':
    case 'ec':
    case 'rsa':
      return SIGNATURES[asymmetricKeyType];
    default:
      throw new RangeError(`Certificates are not made of ${asymmetricKeyType} keys`);
  }
}

/** Without these, programs that choose among certificates by their usage would not offer it. */
function extensions(): Buffer {
  return sequence(
    sequence(BASIC_CONSTRAINTS, trueValue(), octetString(sequence())),
    sequence(KEY_USAGE, trueValue(), octetString(DIGITAL_SIGNATURE)),
    sequence(EXTENDED_KEY_USAGE, octetString(sequence(CLIENT_AUTHENTICATION))),
  );
}

/** Positive, and not zero but once in 2^127 (RFC 5280 §4.1.2.2). */
function serialNumber(rest: readonly Uint8Array[]): Buffer {
  const digest = createHash('sha256').update(Buffer.concat(rest)).digest();
  digest[0] = ((digest[0] ?? 0) & 0x7f) | 0x40; // always as long
  return integer(digest.subarray(0, SERIAL_NUMBER_OCTETS));
}

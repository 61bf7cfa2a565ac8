import {
  bitString,
  bmpCharacters,
  bmpString,
  explicit,
  implicitOctets,
  integer,
  joined,
  nullValue,
  type Octets,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  trueValue,
  utcTime,
  utf8String,
} from './der.ts';

/** What a person takes to their mail program, and what the server is told. The private key has not left the browser. */
export interface DeviceKey {
  /** PKCS#12 with key and certificate. */
  readonly file: Octets;
  readonly password: string;
  /** PEM, for the server. */
  readonly certificate: string;
}

const DAY_MS = 86_400_000;
/** UTCTime ends with 2049 (RFC 5280 §4.1.2.5). Servers do not care, but programs offer no certificate that is over. */
const LIFETIME_MS = 20 * 365 * DAY_MS;
/** Of the key of the file; its password is made up, and needs none to be strong. */
const ITERATIONS = 2_048;
const COMMON_NAME_CHARACTERS = 64;

const EC_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const DATA = objectIdentifier('1.2.840.113549.1.7.1');

/** Makes a key (ECDSA with P-256, which every program takes), a certificate for it, and the file to import. */
export async function makeDeviceKey(name: string): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await makeCertificate(pair, [...name].slice(0, COMMON_NAME_CHARACTERS).join(''));
  const password = makePassword();
  const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return { file: await makePkcs12(privateKey, certificate, password, name), password, certificate: pem(certificate) };
}

/** The smallest that mail programs show to a server: self-signed, for TLS clients (RFC 5280 §4.1). */
async function makeCertificate({ publicKey, privateKey }: CryptoKeyPair, name: string): Promise<Octets> {
  const now = Date.now();
  const subject = sequence(setOf(sequence(objectIdentifier('2.5.4.3'), utf8String(name))));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const extensions = sequence(
    sequence(objectIdentifier('2.5.29.19'), trueValue(), octetString(sequence())),
    sequence(objectIdentifier('2.5.29.15'), trueValue(), octetString(bitString(Uint8Array.of(0x80), 7))),
    sequence(objectIdentifier('2.5.29.37'), octetString(sequence(objectIdentifier('1.3.6.1.5.5.7.3.2')))),
  );
  const toBeSigned = sequence(
    explicit(0, integer(2)),
    integer(serial),
    EC_WITH_SHA256,
    subject,
    sequence(utcTime(new Date(now - DAY_MS)), utcTime(new Date(now + LIFETIME_MS))),
    subject,
    new Uint8Array(await crypto.subtle.exportKey('spki', publicKey)),
    explicit(3, extensions),
  );
  const signature = new Uint8Array(
    await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, toBeSigned),
  );
  // Two numbers of 32 octets, which a certificate has as a sequence (RFC 3279 §2.2.3).
  const numbers = sequence(integer(signature.subarray(0, 32)), integer(signature.subarray(32)));
  return sequence(toBeSigned, EC_WITH_SHA256, bitString(numbers));
}

/** RFC 7292 §4, encrypted by AES-256 (PBES2), with a MAC by SHA-256. */
async function makePkcs12(privateKey: Octets, certificate: Octets, password: string, name: string): Promise<Octets> {
  const localKeyId = new Uint8Array(await crypto.subtle.digest('SHA-256', certificate)).subarray(0, 20);
  const attributes = setOf(
    sequence(objectIdentifier('1.2.840.113549.1.9.20'), setOf(bmpString(name))),
    sequence(objectIdentifier('1.2.840.113549.1.9.21'), setOf(octetString(localKeyId))),
  );
  const certificateBag = sequence(
    objectIdentifier('1.2.840.113549.1.12.10.1.3'),
    explicit(0, sequence(objectIdentifier('1.2.840.113549.1.9.22.1'), explicit(0, octetString(certificate)))),
    attributes,
  );
  const key = await encrypt(privateKey, password);
  const keyBag = sequence(
    objectIdentifier('1.2.840.113549.1.12.10.1.2'),
    explicit(0, sequence(key.algorithm, octetString(key.octets))),
    attributes,
  );
  const certificates = await encrypt(sequence(certificateBag), password);
  const encrypted = sequence(DATA, certificates.algorithm, implicitOctets(0, certificates.octets));
  const safe = sequence(
    sequence(objectIdentifier('1.2.840.113549.1.7.6'), explicit(0, sequence(integer(0), encrypted))),
    data(sequence(keyBag)),
  );
  return sequence(integer(3), data(safe), await macOf(safe, password));
}

const data = (octets: Octets) => sequence(DATA, explicit(0, octetString(octets)));

/** PBES2: RFC 8018 §6.2, appendix A.4, and B.2.5 for AES. */
async function encrypt(
  plain: Octets,
  password: string,
): Promise<{ readonly algorithm: Octets; readonly octets: Octets }> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const secret = await crypto.subtle.importKey('raw', new TextEncoder().encode(password), 'PBKDF2', false, [
    'deriveKey',
  ]);
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ITERATIONS },
    secret,
    { name: 'AES-CBC', length: 256 },
    false,
    ['encrypt'],
  );
  const derivation = sequence(
    objectIdentifier('1.2.840.113549.1.5.12'),
    sequence(octetString(salt), integer(ITERATIONS), sequence(objectIdentifier('1.2.840.113549.2.9'), nullValue())),
  );
  const cipher = sequence(objectIdentifier('2.16.840.1.101.3.4.1.42'), octetString(iv));
  return {
    algorithm: sequence(objectIdentifier('1.2.840.113549.1.5.13'), sequence(derivation, cipher)),
    octets: new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plain)),
  };
}

/** MacData: RFC 7292 appendix A, its key by appendix B.2, of which 32 octets take one round. */
async function macOf(content: Octets, password: string): Promise<Octets> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const block = (octets: Octets) =>
    Uint8Array.from({ length: 64 * Math.ceil(octets.length / 64) }, (_, i) => octets[i % octets.length] ?? 0);
  const input = joined(new Uint8Array(64).fill(3), block(salt), block(bmpCharacters(`${password}\0`)));
  let digest = await crypto.subtle.digest('SHA-256', input);
  for (let i = 1; i < ITERATIONS; i++) digest = await crypto.subtle.digest('SHA-256', digest);
  const key = await crypto.subtle.importKey('raw', digest, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
  const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'), nullValue());
  return sequence(sequence(sha256, octetString(mac)), octetString(salt), integer(ITERATIONS));
}

function pem(octets: Octets): string {
  const base64 = btoa(String.fromCharCode(...octets));
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** Without what looks alike; to be typed once into a mail program. */
const CHARACTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

function makePassword(): string {
  const octets: number[] = [];
  // Octets beyond the last whole multiple would make some characters likelier than others.
  while (octets.length < 16) {
    octets.push(...crypto.getRandomValues(new Uint8Array(32)).filter((octet) => octet < 8 * CHARACTERS.length));
  }
  const letters = octets.slice(0, 16).map((octet) => CHARACTERS[octet % CHARACTERS.length] ?? '');
  return [0, 4, 8, 12].map((start) => letters.slice(start, start + 4).join('')).join('-');
}

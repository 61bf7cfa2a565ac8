import { createCipheriv, createHash, createHmac, type KeyObject, pbkdf2Sync, randomBytes } from 'node:crypto';
import {
  bmpString,
  explicit,
  implicitOctets,
  integer,
  nullValue,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
} from './der.ts';
import { fingerprintOctets, fingerprintOf } from './fingerprint.ts';
import { MAX_FRIENDLY_NAME_CHARACTERS, MAX_PKCS12_PASSWORD_CHARACTERS } from './limits.ts';
import { derivePkcs12Key, type Pkcs12Hash } from './pkcs12-key.ts';

/**
 * - `modern`: AES-256 in CBC, keys by PBKDF2 with HMAC-SHA-256 (PBES2, RFC 8018 §6.2), MAC with SHA-256.
 * - `legacy`: three-key triple DES, keys by PKCS#12's own derivation with SHA-1 (RFC 7292 appendix C), MAC with SHA-1: for
 *   systems that call the password of a modern file wrong.
 */
export type Pkcs12Format = 'modern' | 'legacy';

export interface Pkcs12Content {
  readonly privateKey: KeyObject;
  /** In DER. */
  readonly certificate: Uint8Array;
  /** Printable ASCII, because programs disagree on how to encode the rest. */
  readonly password: string;
  /** What programs show for the key: 1 to 100 characters. */
  readonly friendlyName: string;
}

/**
 * As many as OpenSSL takes, which every program can be expected to allow. They slow down who guesses; a password that was
 * made up, as ours are, needs none.
 */
const ITERATIONS = 2_048;
const SALT_OCTETS = 16;

const DATA = objectIdentifier('1.2.840.113549.1.7.1');
const ENCRYPTED_DATA = objectIdentifier('1.2.840.113549.1.7.6');
const SHROUDED_KEY_BAG = objectIdentifier('1.2.840.113549.1.12.10.1.2');
const CERTIFICATE_BAG = objectIdentifier('1.2.840.113549.1.12.10.1.3');
const X509_CERTIFICATE = objectIdentifier('1.2.840.113549.1.9.22.1');
const FRIENDLY_NAME = objectIdentifier('1.2.840.113549.1.9.20');
const LOCAL_KEY_ID = objectIdentifier('1.2.840.113549.1.9.21');
const PBES2 = objectIdentifier('1.2.840.113549.1.5.13');
const PBKDF2 = objectIdentifier('1.2.840.113549.1.5.12');
const HMAC_SHA256 = objectIdentifier('1.2.840.113549.2.9');
const AES_256_CBC = objectIdentifier('2.16.840.1.101.3.4.1.42');
const SHA_3DES = objectIdentifier('1.2.840.113549.1.12.1.3');
const HASHES = {
  sha256: objectIdentifier('2.16.840.1.101.3.4.2.1'),
  sha1: objectIdentifier('1.3.14.3.2.26'),
} as const satisfies Record<Pkcs12Hash, Buffer>;

interface Encrypted {
  /** AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  readonly octets: Buffer;
}

type Encrypt = (plain: Uint8Array, password: string) => Encrypted;

const FORMATS = {
  modern: { encrypt: encryptWithAes, hash: 'sha256' },
  legacy: { encrypt: encryptWithTripleDes, hash: 'sha1' },
} as const satisfies Record<Pkcs12Format, { readonly encrypt: Encrypt; readonly hash: Pkcs12Hash }>;

/**
 * A private key and its certificate in one file, encrypted by a password, as mail programs and systems import it:
 * RFC 7292 §4, and §5.1 for the order of the steps.
 *
 * @throws {RangeError} the password or the name is none that every program takes
 */
export function makePkcs12(content: Pkcs12Content, format: Pkcs12Format = 'modern'): Buffer {
  const { privateKey, certificate, password, friendlyName } = content;
  if (!/^[ -~]+$/.test(password) || password.length > MAX_PKCS12_PASSWORD_CHARACTERS) {
    throw new RangeError(`The password needs 1 to ${MAX_PKCS12_PASSWORD_CHARACTERS} printable ASCII characters`);
  }
  if (friendlyName === '' || friendlyName.length > MAX_FRIENDLY_NAME_CHARACTERS) {
    throw new RangeError(`The name of a key has 1 to ${MAX_FRIENDLY_NAME_CHARACTERS} characters`);
  }
  const { encrypt, hash } = FORMATS[format];
  // It says which certificate is whose, and is compared with nothing but itself.
  const localKeyId = fingerprintOctets(fingerprintOf(certificate)).subarray(0, 20);
  const attributes = setOf(
    sequence(FRIENDLY_NAME, setOf(bmpString(friendlyName))),
    sequence(LOCAL_KEY_ID, setOf(octetString(localKeyId))),
  );

  const certificateBag = sequence(
    CERTIFICATE_BAG,
    explicit(0, sequence(X509_CERTIFICATE, explicit(0, octetString(certificate)))),
    attributes,
  );
  const key = encrypt(privateKey.export({ format: 'der', type: 'pkcs8' }), password);
  const keyBag = sequence(SHROUDED_KEY_BAG, explicit(0, sequence(key.algorithm, octetString(key.octets))), attributes);
  const authenticatedSafe = sequence(
    encryptedData(encrypt(sequence(certificateBag), password)),
    data(sequence(keyBag)), // encrypted already
  );
  return sequence(integer(3), data(authenticatedSafe), macData(authenticatedSafe, password, hash));
}

/** ContentInfo of type Data: RFC 2315 §8. */
const data = (octets: Uint8Array) => sequence(DATA, explicit(0, octetString(octets)));

/** ContentInfo of type EncryptedData: RFC 2315 §13. */
function encryptedData({ algorithm, octets }: Encrypted): Buffer {
  const content = sequence(DATA, algorithm, implicitOctets(0, octets));
  return sequence(ENCRYPTED_DATA, explicit(0, sequence(integer(0), content)));
}

/** RFC 7292 appendix A, MacData. */
function macData(authenticatedSafe: Uint8Array, password: string, hash: Pkcs12Hash): Buffer {
  const salt = randomBytes(SALT_OCTETS);
  const octets = createHash(hash).digest().length;
  const key = derivePkcs12Key({ purpose: 'mac', hash, password, salt, iterations: ITERATIONS, octets });
  const mac = createHmac(hash, key).update(authenticatedSafe).digest();
  const digestInfo = sequence(sequence(HASHES[hash], nullValue()), octetString(mac));
  return sequence(digestInfo, octetString(salt), integer(ITERATIONS));
}

/** PBES2: RFC 8018 §6.2, appendix A.4, and B.2.5 for AES. */
function encryptWithAes(plain: Uint8Array, password: string): Encrypted {
  const salt = randomBytes(SALT_OCTETS);
  const iv = randomBytes(16);
  const key = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const derivation = sequence(
    PBKDF2,
    sequence(octetString(salt), integer(ITERATIONS), sequence(HMAC_SHA256, nullValue())),
  );
  return {
    algorithm: sequence(PBES2, sequence(derivation, sequence(AES_256_CBC, octetString(iv)))),
    octets: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC: RFC 7292 appendix C. */
function encryptWithTripleDes(plain: Uint8Array, password: string): Encrypted {
  const salt = randomBytes(SALT_OCTETS);
  const derivation = { hash: 'sha1', password, salt, iterations: ITERATIONS } as const;
  const key = derivePkcs12Key({ ...derivation, purpose: 'key', octets: 24 });
  const iv = derivePkcs12Key({ ...derivation, purpose: 'iv', octets: 8 });
  const cipher = createCipheriv('des-ede3-cbc', key, iv);
  return {
    algorithm: sequence(SHA_3DES, sequence(octetString(salt), integer(ITERATIONS))),
    octets: Buffer.concat([cipher.update(plain), cipher.final()]),
  };
}

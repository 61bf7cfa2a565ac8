import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';
import { MAX_CERTIFICATE_OCTETS, MAX_RSA_BITS, MIN_RSA_BITS } from './limits.ts';

/** The public key that identifies a client. */
export interface TlsPublicKey {
  readonly fingerprint: Fingerprint;
  /** In DER, and in one form for one key: a point of an elliptic curve is never compressed. */
  readonly subjectPublicKeyInfo: Buffer;
  /** `ed25519`, `ecdsa-p256`, `ecdsa-p384`; `rsa-` and the number of its bits. */
  readonly keyType: string;
}

/** The reason is for a person, and begins in the middle of a sentence. */
export interface KeyRefusal {
  readonly type: 'refused';
  readonly reason: string;
}

export type KeyReading = { readonly type: 'key'; readonly key: TlsPublicKey } | KeyRefusal;

/** Of a curve's many names, the one that OpenSSL gives, and ours. */
const CURVES = new Map([
  ['prime256v1', 'ecdsa-p256'],
  ['secp384r1', 'ecdsa-p384'],
]);

const ACCEPTED = `Ed25519, ECDSA with P-256 or P-384, and RSA of ${MIN_RSA_BITS} bits or more are`;

/**
 * Reads the key out of a certificate, as a TLS client shows it. All else in the certificate (names, dates, issuer, usage,
 * signature) is ignored. Whatever the octets are, the answer is a key or a refusal.
 *
 * @param certificate in DER, or as Node has read it
 */
export function readClientKey(certificate: X509Certificate | Uint8Array): KeyReading {
  if (!(certificate instanceof X509Certificate) && certificate.length > MAX_CERTIFICATE_OCTETS) {
    return refuse(`the certificate is larger than ${MAX_CERTIFICATE_OCTETS} octets`);
  }
  let publicKey: KeyObject;
  try {
    publicKey = (certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate)).publicKey;
  } catch {
    return refuse('the certificate, or the key in it, cannot be read');
  }
  return readPublicKey(publicKey);
}

/** Reads a SubjectPublicKeyInfo in DER. */
export function readSubjectPublicKeyInfo(octets: Buffer): KeyReading {
  if (octets.length > MAX_CERTIFICATE_OCTETS) return refuse(`the key is larger than ${MAX_CERTIFICATE_OCTETS} octets`);
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: octets, format: 'der', type: 'spki' });
  } catch {
    return refuse('the public key cannot be read');
  }
  return readPublicKey(publicKey);
}

export function readPublicKey(publicKey: KeyObject): KeyReading {
  const judged = judge(publicKey);
  if (judged.type === 'refused') return judged;
  let subjectPublicKeyInfo: Buffer;
  try {
    subjectPublicKeyInfo = canonical(publicKey).export({ format: 'der', type: 'spki' });
  } catch {
    return refuse('the key is no point of its curve');
  }
  const fingerprint = fingerprintOf(subjectPublicKeyInfo);
  return { type: 'key', key: { fingerprint, subjectPublicKeyInfo, keyType: judged.keyType } };
}

/** One key must have one fingerprint, and only a JWK has but one form for a point (RFC 7518 §6.2.1). */
function canonical(publicKey: KeyObject): KeyObject {
  if (publicKey.asymmetricKeyType !== 'ec') return publicKey;
  return createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' });
}

function judge(publicKey: KeyObject): { readonly type: 'accepted'; readonly keyType: string } | KeyRefusal {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  switch (asymmetricKeyType) {
    case 'ed25519':
      return { type: 'accepted', keyType: 'ed25519' };
    case 'ec': {
      const curve = asymmetricKeyDetails?.namedCurve;
      const keyType = curve === undefined ? undefined : CURVES.get(curve);
      if (keyType !== undefined) return { type: 'accepted', keyType };
      return refuse(`the curve ${curve ?? 'of its own making'} is not accepted; ${ACCEPTED}`);
    }
    case 'rsa': {
      const bits = asymmetricKeyDetails?.modulusLength ?? 0;
      if (bits < MIN_RSA_BITS) return refuse(`RSA keys need ${MIN_RSA_BITS} bits or more, and this one has ${bits}`);
      if (bits > MAX_RSA_BITS)
        return refuse(`RSA keys may have ${MAX_RSA_BITS} bits at most, and this one has ${bits}`);
      return { type: 'accepted', keyType: `rsa-${bits}` };
    }
    default:
      return refuse(`keys of type ${asymmetricKeyType ?? 'unknown'} are not accepted; ${ACCEPTED}`);
  }
}

function refuse(reason: string): KeyRefusal {
  return { type: 'refused', reason };
}

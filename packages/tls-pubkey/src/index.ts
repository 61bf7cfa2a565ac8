export { type KeyReading, type KeyRefusal, readClientKey, type TlsPublicKey } from './client-key.ts';
export {
  type Fingerprint,
  fingerprintFromOctets,
  fingerprintOctets,
  formatFingerprint,
  parseFingerprint,
} from './fingerprint.ts';
export { readKeyFile } from './key-file.ts';
export { MAX_COMMON_NAME_CHARACTERS, MAX_KEY_FILE_OCTETS } from './limits.ts';
export { type CertificateText, makeCertificate } from './make-certificate.ts';
export { type MadeKeyType, makeKeyPair } from './make-key-pair.ts';
export { makePkcs12, type Pkcs12Content, type Pkcs12Format } from './make-pkcs12.ts';
export { formatPem, type PemBlock, parsePem } from './pem.ts';

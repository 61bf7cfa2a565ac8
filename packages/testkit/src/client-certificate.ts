import { X509Certificate } from 'node:crypto';
import {
  formatPem,
  type MadeKeyType,
  makeCertificate,
  makeKeyPair,
  readClientKey,
  type TlsPublicKey,
} from '@postel/tls-pubkey';

export interface CertificateOptions {
  readonly type?: MadeKeyType;
  readonly notAfter?: Date;
}

/** A key and a certificate around it, for the options of a TLS client, and for files. */
export interface ClientCertificate {
  /** In PEM, as all here. */
  readonly key: string;
  readonly cert: string;
  readonly publicKey: TlsPublicKey;
}

/** Makes a key that nobody has, and a self-signed certificate that names nobody. */
export async function makeClientCertificate({
  type = 'p256',
  notAfter = new Date('2040-01-01'),
}: CertificateOptions = {}): Promise<ClientCertificate> {
  const { privateKey } = await makeKeyPair(type);
  const text = { name: 'somebody', notBefore: new Date('2020-01-01'), notAfter };
  const cert = formatPem('CERTIFICATE', makeCertificate(privateKey, text));
  const reading = readClientKey(new X509Certificate(cert));
  if (reading.type === 'refused') throw new Error(reading.reason);
  return { key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), cert, publicKey: reading.key };
}

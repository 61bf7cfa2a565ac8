import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** RFC 5280 §4.2.1.10, with the DNS name `example.net` permitted. */
const NAME_CONSTRAINTS = Buffer.from('3011a00f300d820b6578616d706c652e6e6574', 'hex');

export interface CertificateWishes {
  /** Of its subject. */
  readonly commonName?: string;
  /** In subjectAltName; none makes no such extension. */
  readonly names?: readonly string[];
  /** From today. */
  readonly fromDays?: number;
  readonly toDays?: number;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly hasNameConstraints?: boolean;
  readonly isForClients?: boolean;
  readonly hash?: 'SHA-1' | 'SHA-256';
  /** Who signs it: itself, if nobody is named. */
  readonly issuer?: MadeCertificate;
}

export interface MadeCertificate {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** In PEM. */
  readonly key: string;
  readonly cert: string;
}

/** Makes a certificate as a test needs it, however wrong. */
export async function makeTestCertificate(wishes: CertificateWishes): Promise<MadeCertificate> {
  const x509 = await loadX509();
  const { commonName = 'somebody', names = [], fromDays = -1, toDays = 30, issuer, hash = 'SHA-256' } = wishes;
  const { isAuthority = false, pathLength, hasNameConstraints = false, isForClients = false } = wishes;
  const keys = await webcrypto.subtle.generateKey(ECDSA_P256, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: `0${randomBytes(8).toString('hex').slice(1)}`,
    subject: `CN=${commonName}`,
    issuer: issuer === undefined ? `CN=${commonName}` : new x509.X509Certificate(issuer.cert).subject,
    notBefore: new Date(Date.now() + fromDays * DAY_MS),
    notAfter: new Date(Date.now() + toDays * DAY_MS),
    signingAlgorithm: { ...ECDSA_P256, hash },
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, pathLength, true),
      ...(isAuthority ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)] : []),
      ...(isForClients ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])] : []),
      ...(hasNameConstraints ? [new x509.Extension('2.5.29.30', true, NAME_CONSTRAINTS)] : []),
      ...(names.length > 0
        ? [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]
        : []),
    ],
  });
  const cert = `${made.toString('pem')}\n`;
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
  return { certificate: new X509Certificate(cert), keys, key: String(key), cert };
}

/** Its dependency tsyringe refuses to load without two functions of an old proposal, which nothing here needs. */
async function loadX509() {
  if (!('getMetadata' in Reflect)) {
    const nothing = { value: () => undefined, configurable: true };
    Object.defineProperties(Reflect, { getMetadata: nothing, getOwnMetadata: nothing });
  }
  return await import('@peculiar/x509');
}

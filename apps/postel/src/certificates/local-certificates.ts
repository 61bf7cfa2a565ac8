import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateFiles } from '@postel/config';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import type { KeyedCertificate, ServerNames } from './make-certificates.ts';

export const NAMES: ServerNames = { dns: ['localhost'], ip: ['127.0.0.1', '::1'] };

const DAY_MS = 86_400_000;
const RENEW_BEFORE_MS = 30 * DAY_MS;

export function authorityFiles(directory: DataDirectory): CertificateFiles {
  return { certFile: directory.authority, keyFile: join(directory.certificates, 'ca-key.pem') };
}

export function serverFiles(directory: DataDirectory): CertificateFiles {
  return {
    certFile: join(directory.certificates, 'server.pem'),
    keyFile: join(directory.certificates, 'server-key.pem'),
  };
}

/** Whether there is nothing to make: all are there, fit together and last a while. */
export async function areCertificatesGood(directory: DataDirectory): Promise<boolean> {
  const authority = await readPair(authorityFiles(directory));
  const server = await readPair(serverFiles(directory));
  return authority !== null && server !== null && isGoodAuthority(authority) && isGoodServer(server, authority);
}

export function isGoodAuthority(authority: KeyedCertificate): boolean {
  return isUsable(authority, (certificate) => certificate.ca);
}

export function isGoodServer(server: KeyedCertificate, authority: KeyedCertificate): boolean {
  const issuer = new X509Certificate(authority.certificate);
  return isUsable(
    server,
    (certificate) =>
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      NAMES.dns.every((name) => certificate.checkHost(name) !== undefined) &&
      NAMES.ip.every((ip) => certificate.checkIP(ip) !== undefined),
  );
}

/** It can be read, its key is the right one, it lasts a while, and `fits` holds. */
function isUsable({ certificate, key }: KeyedCertificate, fits: (certificate: X509Certificate) => boolean): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const lastsMs = parsed.validToDate.getTime() - Date.now();
    return lastsMs > RENEW_BEFORE_MS && parsed.checkPrivateKey(createPrivateKey(key)) && fits(parsed);
  } catch {
    return false; // not PEM: half written by hand, perhaps
  }
}

export async function readPair({ certFile, keyFile }: CertificateFiles): Promise<KeyedCertificate | null> {
  try {
    return { certificate: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

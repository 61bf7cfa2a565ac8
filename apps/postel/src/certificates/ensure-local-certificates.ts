import { open, rename } from 'node:fs/promises';
import type { CertificateFiles } from '@postel/config';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { authorityFiles, isGoodAuthority, isGoodServer, NAMES, readPair, serverFiles } from './local-certificates.ts';
import { type KeyedCertificate, makeAuthority, makeServerCertificate } from './make-certificates.ts';

/**
 * Makes the server certificate of a data directory and the authority that signs it. What is missing, near its end or
 * does not fit together is made anew; the authority stays as long as it can, because people have put it into their mail
 * programs.
 */
export async function ensureLocalCertificates(directory: DataDirectory, report: (line: string) => void): Promise<void> {
  let authority = await readPair(authorityFiles(directory));
  if (authority === null || !isGoodAuthority(authority)) {
    report('making a certificate authority');
    authority = await makeAuthority();
    await writePair(authorityFiles(directory), authority);
  }
  const server = await readPair(serverFiles(directory));
  if (server === null || !isGoodServer(server, authority)) {
    report(`making a server certificate for ${[...NAMES.dns, ...NAMES.ip].join(', ')}`);
    await writePair(serverFiles(directory), await makeServerCertificate(authority, NAMES));
  }
}

/** The key first: a certificate that is there has its key. A pair that does not match is made anew at the next start. */
export async function writePair(
  { certFile, keyFile }: CertificateFiles,
  { certificate, key }: KeyedCertificate,
): Promise<void> {
  await writeWhole(keyFile, key, 0o600);
  await writeWhole(certFile, certificate, 0o644);
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}

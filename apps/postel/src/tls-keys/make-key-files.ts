import { open, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  formatPem,
  MAX_COMMON_NAME_CHARACTERS,
  type MadeKeyType,
  makeCertificate,
  makeKeyPair,
  makePkcs12,
  type Pkcs12Format,
  readClientKey,
  type TlsPublicKey,
} from '@postel/tls-pubkey';
import { CommandError, UsageError } from '../command-error.ts';

export interface KeyFileOptions {
  readonly type: MadeKeyType;
  /** Of the PKCS#12 file, and its password. */
  readonly format: Pkcs12Format;
  readonly password: string;
}

/** The files of one key, and the name in its certificate. */
export interface KeyFiles {
  readonly name: string;
  readonly key: string;
  readonly certificate: string;
  readonly both: string;
  readonly pkcs12: string;
}

const DAY_MS = 86_400_000;
/** Clocks may be slow. */
const BACKDATE_MS = DAY_MS;
/** The server does not care, but programs may offer no certificate that has ended. */
const LIFETIME_MS = 20 * 365 * DAY_MS;

/**
 * Makes a key and writes its files: all of them, or none.
 *
 * @throws {UsageError} the stem gives no name @throws {CommandError} a file exists, or cannot be written
 */
export async function makeKeyFiles(
  stem: string,
  { type, format, password }: KeyFileOptions,
): Promise<{ readonly files: KeyFiles; readonly key: TlsPublicKey }> {
  const name = basename(stem);
  if (stem.endsWith('/') || name === '' || [...name].length > MAX_COMMON_NAME_CHARACTERS || /\p{C}/u.test(name)) {
    throw new UsageError(
      `STEM begins the names of files, and ends in a name of 1 to ${MAX_COMMON_NAME_CHARACTERS} characters`,
    );
  }
  const { privateKey } = await makeKeyPair(type);
  const now = Date.now();
  const validity = { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + LIFETIME_MS) };
  const certificate = makeCertificate(privateKey, { name, ...validity });
  const reading = readClientKey(certificate);
  if (reading.type === 'refused') throw new Error(`We make what we refuse: ${reading.reason}`);

  const keyPem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const certificatePem = formatPem('CERTIFICATE', certificate);
  const pkcs12 = makePkcs12({ privateKey, certificate, password, friendlyName: name }, format);
  const files: KeyFiles = {
    name,
    key: `${stem}.key.pem`,
    certificate: `${stem}.cert.pem`,
    both: `${stem}.pem`,
    pkcs12: `${stem}.p12`,
  };
  await writeAll([
    [files.key, keyPem, 0o600],
    [files.certificate, certificatePem, 0o644],
    [files.both, keyPem + certificatePem, 0o600],
    [files.pkcs12, pkcs12, 0o600],
  ]);
  return { files, key: reading.key };
}

async function writeAll(files: readonly (readonly [path: string, content: string | Buffer, mode: number])[]) {
  const made: string[] = [];
  try {
    for (const [path, content, mode] of files) {
      const file = await open(path, 'wx', mode);
      made.push(path);
      await file.writeFile(content).finally(() => file.close());
    }
  } catch (error) {
    await Promise.all(made.map((path) => rm(path)));
    throw explained(error);
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && 'path' in error)) return error;
  if (error.code === 'EEXIST')
    return new CommandError(`${error.path} exists, and a key is not replaced. Say another STEM.`);
  return new CommandError(`${error.path} cannot be written: ${error.message}.`, { cause: error });
}

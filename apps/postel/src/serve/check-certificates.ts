import type { Configuration } from '@postel/config';
import { CertificateError, ServerCertificates } from '@postel/supervision';
import { CommandError } from '../command-error.ts';

/**
 * Reads the certificates as the app processes will.
 * @returns what the operator should know of them
 * @throws {CommandError} if one cannot be used
 */
export async function checkCertificates({ certificates, hostname }: Configuration): Promise<readonly string[]> {
  try {
    return (await ServerCertificates.read(certificates)).warnings(hostname);
  } catch (error) {
    if (error instanceof CertificateError) throw new CommandError(`${error.message}.`, { cause: error });
    throw error;
  }
}

import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UNPACKED_OCTETS } from './limits.ts';
import { isZip, readZip } from './read-zip.ts';
import { unpackFailure } from './unpack-failure.ts';

const inflateGzip = promisify(gunzip);

/**
 * The one file in a zip or gzip file; octets that are neither, as they are. What is inside is not unpacked again.
 *
 * @throws {ReportError} also for what would grow beyond what a report may have
 */
export async function unpack(octets: Buffer): Promise<Buffer> {
  if (isZip(octets)) return await readZip(octets);
  if (octets[0] !== 0x1f || octets[1] !== 0x8b) return octets;
  try {
    return await inflateGzip(octets, { maxOutputLength: UNPACKED_OCTETS });
  } catch (error) {
    throw unpackFailure(error);
  }
}

import { UNPACKED_OCTETS } from './limits.ts';
import { ReportError } from './report-error.ts';

/** What zlib says, as people read it. */
export function unpackFailure(error: unknown): ReportError {
  const megabytes = UNPACKED_OCTETS / 1024 / 1024;
  const isTooLarge = error instanceof RangeError;
  return new ReportError(isTooLarge ? `It unpacks to more than ${megabytes} MB` : 'It cannot be unpacked', {
    cause: error,
  });
}

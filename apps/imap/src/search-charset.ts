import type { Arguments } from '@postel/imap-wire';
import { No } from './command.ts';

const CHARSETS = new Set(['UTF-8', 'US-ASCII']);

/** The charset of a search's strings, and the space behind it. Both of ours are read as UTF-8. @throws {No} [BADCHARSET] */
export function parseCharset(args: Arguments): void {
  const charset = args.astring().toUpperCase();
  if (!CHARSETS.has(charset)) throw new No('Search in UTF-8 or US-ASCII', 'BADCHARSET (UTF-8 US-ASCII)');
  args.sp();
}

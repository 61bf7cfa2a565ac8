import type { Arguments } from '@postel/imap-wire';
import { refusedCharset } from './search-filters.ts';

const CHARSETS = new Set(['UTF-8', 'US-ASCII']);

/** The charset of a search's strings, and the space behind it. Both of ours are read as UTF-8. @throws {No | Bad} [BADCHARSET] */
export function parseCharset(args: Arguments): void {
  const charset = args.astring().toUpperCase();
  if (!CHARSETS.has(charset)) throw refusedCharset(args);
  args.sp();
}

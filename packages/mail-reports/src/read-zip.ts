import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { UNPACKED_OCTETS, ZIP_ENTRIES } from './limits.ts';
import { ReportError } from './report-error.ts';
import { unpackFailure } from './unpack-failure.ts';

const inflate = promisify(inflateRaw);

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_OCTETS = 22;
const CENTRAL_OCTETS = 46;
const LOCAL_OCTETS = 30;
const COMMENT_OCTETS = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

export function isZip(octets: Buffer): boolean {
  return octets.length >= 4 && octets.readUInt32LE(0) === LOCAL;
}

/** The one file in a zip file, found by its central directory (APPNOTE 6.3.9 §4.3). @throws {ReportError} */
export async function readZip(octets: Buffer): Promise<Buffer> {
  const end = findEnd(octets);
  const entries = octets.readUInt16LE(end + 10);
  if (entries !== ZIP_ENTRIES) throw new ReportError(`The zip file holds ${entries} files: a report is one`);
  const central = octets.readUInt32LE(end + 16);
  if (central + CENTRAL_OCTETS > octets.length || octets.readUInt32LE(central) !== CENTRAL) throw damaged();
  const flags = octets.readUInt16LE(central + 8);
  const method = octets.readUInt16LE(central + 10);
  const checksum = octets.readUInt32LE(central + 16);
  const packedOctets = octets.readUInt32LE(central + 20);
  const unpackedOctets = octets.readUInt32LE(central + 24);
  const local = octets.readUInt32LE(central + 42);
  if ((flags & ENCRYPTED) !== 0) throw new ReportError('The zip file is encrypted');
  if (unpackedOctets > UNPACKED_OCTETS) throw unpackFailure(new RangeError('too large'));
  if (local + LOCAL_OCTETS > octets.length || octets.readUInt32LE(local) !== LOCAL) throw damaged();
  // Names may differ in length here and there: the local header says where the file begins.
  const start = local + LOCAL_OCTETS + octets.readUInt16LE(local + 26) + octets.readUInt16LE(local + 28);
  if (start + packedOctets > octets.length) throw damaged();
  const packed = octets.subarray(start, start + packedOctets);
  const unpacked = await unpackEntry(packed, method);
  if (unpacked.length !== unpackedOctets || crc32(unpacked) !== checksum) throw damaged();
  return unpacked;
}

async function unpackEntry(packed: Buffer, method: number): Promise<Buffer> {
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new ReportError('The zip file is packed in a way that nobody packs reports');
  try {
    return await inflate(packed, { maxOutputLength: UNPACKED_OCTETS });
  } catch (error) {
    throw unpackFailure(error);
  }
}

/** It stands at the end, before a comment. */
function findEnd(octets: Buffer): number {
  const first = Math.max(0, octets.length - END_OCTETS - COMMENT_OCTETS);
  for (let at = octets.length - END_OCTETS; at >= first; at--) {
    if (octets.readUInt32LE(at) === END) return at;
  }
  throw damaged();
}

const damaged = () => new ReportError('The zip file is damaged');

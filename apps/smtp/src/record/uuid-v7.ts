import { randomBytes } from 'node:crypto';

/**
 * A UUID of a time, so that they sort by it: RFC 9562 §5.7.
 *
 * @param timeMs epoch ms
 * @param rest ten octets that make it one of its own
 */
export function uuidV7(timeMs: number, rest: Buffer = randomBytes(10)): string {
  const octets = Buffer.alloc(16);
  octets.writeUIntBE(timeMs, 0, 6);
  rest.copy(octets, 6, 0, 10);
  octets[6] = 0x70 | (octets.readUInt8(6) & 0x0f);
  octets[8] = 0x80 | (octets.readUInt8(8) & 0x3f);
  const hex = octets.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

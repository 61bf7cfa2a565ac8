import { vi } from 'vitest';

/** How many octets a piece of work searches, copies, decodes and looks at one by one: its cost without a clock. */
export function countOctets(work: () => void): number {
  let octets = 0;
  const { indexOf, toString: decode, copy } = Buffer.prototype;
  const { charCodeAt } = String.prototype;
  vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (this: Buffer, value, from) {
    const found = indexOf.call(this, value, Number(from ?? 0));
    octets += 1 + (found < 0 ? this.length : found) - Number(from ?? 0);
    return found;
  });
  vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, encoding, start, end) {
    const text = decode.call(this, encoding, start, end);
    octets += 1 + text.length;
    return text;
  });
  vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, target, to, from, end) {
    const copied = copy.call(this, target, to, from, end);
    octets += 1 + copied;
    return copied;
  });
  vi.spyOn(String.prototype, 'charCodeAt').mockImplementation(function (this: string, index) {
    octets++;
    return charCodeAt.call(this, index);
  });
  try {
    work();
  } finally {
    vi.restoreAllMocks();
  }
  return octets;
}

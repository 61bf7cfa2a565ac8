const UNITS = [
  ['TB', 2 ** 40],
  ['GB', 2 ** 30],
  ['MB', 2 ** 20],
  ['kB', 2 ** 10],
] as const;
const SIZE = /^(\d{1,15}) ?([kmgt]b)?$/i;

/** `5GB` where that is exactly it; else its octets. */
export function exactSize(octets: number): string | number {
  const unit = UNITS.find(([, unitOctets]) => octets >= unitOctets && octets % unitOctets === 0);
  return unit === undefined ? octets : `${octets / unit[1]}${unit[0]}`;
}

/** The octets of a size as `exactSize` writes it, and in any case; null if it is none. */
export function parseExactSize(text: string): number | null {
  const [, number, name] = SIZE.exec(text) ?? [];
  if (number === undefined) return null;
  const unit = name === undefined ? 1 : UNITS.find(([unitName]) => unitName.toUpperCase() === name.toUpperCase())?.[1];
  const octets = Number(number) * (unit ?? Number.NaN);
  return Number.isSafeInteger(octets) ? octets : null;
}

/** Control characters, which a terminal obeys; and those that change the direction of what follows. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** What others wrote, as it can be shown on a terminal: on one line, and cut to so many characters. */
export function printable(text: string, maxCharacters: number): string {
  const characters = [
    ...text
      .slice(0, 4 * maxCharacters)
      .replace(UNPRINTABLE, ' ')
      .trim(),
  ];
  if (characters.length <= maxCharacters) return characters.join('');
  return `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/** `12.3 MB`, rounded up, so that nothing but nothing is 0. */
export function printableSize(octets: number): string {
  if (octets < 1_024) return `${octets} B`;
  if (octets < 1_048_576) return `${Math.ceil(octets / 1_024)} kB`;
  if (octets < 1_073_741_824) return `${(Math.ceil((octets * 10) / 1_048_576) / 10).toFixed(1)} MB`;
  return `${(Math.ceil((octets * 10) / 1_073_741_824) / 10).toFixed(1)} GB`;
}

export const printableCount = (count: number, what: string, several = `${what}s`): string =>
  count === 1 ? `1 ${what}` : `${count.toLocaleString('en-US')} ${several}`;

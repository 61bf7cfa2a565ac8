/** Calls `range` for each run of consecutive numbers, in the order given. */
export function forEachRun(numbers: ArrayLike<number>, range: (first: number, last: number) => void): void {
  let first = numbers[0];
  if (first === undefined) return;
  let last = first;
  for (let index = 1; index < numbers.length; index += 1) {
    const number = numbers[index] ?? 0;
    if (number !== last + 1) {
      range(first, last);
      first = number;
    }
    last = number;
  }
  range(first, last);
}

/**
 * Formats ascending numbers as a uid-set or sequence-set in its shortest form, such as `1:3,7`: RFC 9051 §9. No number
 * gives the empty string, for which the grammar has no place.
 */
export function formatUidSet(numbers: ArrayLike<number>): string {
  const ranges: string[] = [];
  forEachRun(numbers, (first, last) => {
    ranges.push(first === last ? `${first}` : `${first}:${last}`);
  });
  return ranges.join(',');
}

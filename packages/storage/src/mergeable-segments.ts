/** Neighbours among the segments of an account's index. */
export interface ListedSegment {
  readonly id: number;
  /** How many it has, or a few more. */
  readonly texts: number;
}

/** A merged segment is so many times the largest of which it was made, so that no text is merged often. Three that are nearly alike make one. */
const GROWTH = 2.9;

/**
 * Runs of neighbours that are worth merging, the first of each place where one begins, and of these the longest.
 *
 * @param segments ascending
 * @param mostTexts of one segment
 */
export function* mergeableSegments(
  segments: readonly ListedSegment[],
  mostTexts: number,
): Generator<readonly ListedSegment[], void> {
  for (const first of segments.keys()) {
    let [texts, largest, longest] = [0, 0, 0];
    for (let next = first; next < segments.length; next++) {
      const more = segments[next]?.texts ?? 0;
      texts += more;
      largest = Math.max(largest, more);
      if (texts > mostTexts) break;
      if (next > first && texts >= GROWTH * largest) longest = next - first + 1;
    }
    if (longest > 0) yield segments.slice(first, first + longest);
  }
}

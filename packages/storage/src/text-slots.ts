/**
 * How a text is cut for the index of texts (docs/storage.md, Search): by all runs of three UTF-16 units, and by all pairs of
 * ideographs, kana and Hangul, of which two make a word. Each has one of 65,536 slots, which it shares with others: what is
 * found by slots is looked at, so a slot too many costs time and nothing else.
 */
export const SLOTS = 65_536;

/** Whatever text contains another one has all its slots. Told once for each time that it occurs. */
export function eachSlot(text: string, take: (slot: number) => void): void {
  let before = -1;
  let last = -1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (before >= 0) take(slotOf(before, last, unit));
    if (isOfPairs(unit) && isOfPairs(last)) take(slotOf(0, last, unit));
    before = last;
    last = unit;
  }
}

/** Each slot of a text once; none of one that is too short to be found by them. */
export function slotsOf(text: string): readonly number[] {
  const slots = new Set<number>();
  eachSlot(text, (slot) => slots.add(slot));
  return [...slots];
}

/** From the radicals of ideographs to the last syllable of Hangul; what is between that is no letter does no harm. */
const isOfPairs = (unit: number): boolean => unit >= 0x2e80 && unit <= 0xd7ff;

/** Each unit is spread over all bits before the next one comes in: letters of one script differ in few. */
function slotOf(first: number, second: number, third: number): number {
  let mixed = Math.imul(first + 1, 0x2c1b3c6d);
  mixed = Math.imul((mixed ^ (mixed >>> 15)) + second, 0x297a2d39);
  mixed = Math.imul((mixed ^ (mixed >>> 13)) + third, 0x1b873593);
  return (mixed ^ (mixed >>> 15)) >>> 16;
}

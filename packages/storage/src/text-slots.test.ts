import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SLOTS, slotsOf } from './text-slots.ts';

test('a text has the slots of whatever it contains', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', ' ', '%', '_', '\\', 'ж', 'é', '日', '本', 'の', '한', '\u{1f600}'),
  });
  fc.assert(
    fc.property(text, text, text, (before, part, after) => {
      const slots = new Set(slotsOf(`${before}${part}${after}`));
      expect(slotsOf(part).filter((slot) => !slots.has(slot))).toEqual([]);
    }),
  );
});

test('three letters make a slot, and two ideographs, kana or syllables', () => {
  expect(['', 'a', 'ab', 'жд', '日', 'a日', '\u{1f600}'].map((text) => slotsOf(text).length)).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);
  expect(['abc', 'ждё', '日本', 'かな', '한국'].map((text) => slotsOf(text).length)).toEqual([1, 1, 1, 1, 1]);
  expect(slotsOf('日本語')).toHaveLength(3);
  expect(slotsOf('aaaaaa')).toHaveLength(1);
});

test('slots are used evenly, whatever the script', () => {
  const words = (first: number, letters: number) =>
    Array.from({ length: letters ** 3 }, (_, n) =>
      String.fromCharCode(
        first + (n % letters),
        first + (Math.floor(n / letters) % letters),
        first + Math.floor(n / letters ** 2),
      ),
    );
  // Of kana the first slot is that of a pair.
  for (const [first, letters, of] of [
    [0x61, 26, 0],
    [0x430, 32, 0],
    [0x3041, 80, 1],
  ] as const) {
    const all = words(first, letters).slice(0, SLOTS);
    const used = new Set(all.map((word) => slotsOf(word)[of]));
    // So many of all slots does chance leave empty.
    expect(used.size / SLOTS).toBeGreaterThan((1 - Math.exp(-all.length / SLOTS)) * 0.9);
  }
});

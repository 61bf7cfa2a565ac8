import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdSet } from './id-set.ts';

test('has what was added, and nothing else', () => {
  const id = fc.oneof(fc.nat({ max: 200 }), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.array(id), fc.array(id), (added, others) => {
      const set = new IdSet();
      for (const each of added) set.add(each);
      for (const each of [...added, ...others]) expect(set.has(each)).toBe(added.includes(each));
    }),
  );
});

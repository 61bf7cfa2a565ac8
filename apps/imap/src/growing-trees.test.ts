import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingTrees, NONE } from './growing-trees.ts';

const NODES = 12;
const node = fc.nat(NODES - 1);
const step = fc.oneof(
  fc.record({ type: fc.constant('link' as const), child: node, parent: node }),
  fc.record({ type: fc.constant('cut' as const), child: node }),
);

test.each([
  ['walking', 1_000],
  ['with link-cut trees', 0],
  ['with both', 1],
])('%s, no link makes a loop, and none is refused that makes none', (_, stepsANode) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const trees = new GrowingTrees(NODES, stepsANode);
      const parents = new Array<number>(NODES).fill(NONE);
      const isBelow = (below: number, above: number) => {
        for (let at = below; at !== NONE; at = parents[at] ?? NONE) if (at === above) return true;
        return false;
      };
      for (const { child, ...rest } of steps) {
        if (rest.type === 'cut') {
          trees.cut(child);
          parents[child] = NONE;
        } else if (parents[child] === NONE) {
          trees.link(child, rest.parent);
          if (!isBelow(rest.parent, child)) parents[child] = rest.parent;
        }
        expect([...trees.parents]).toEqual(parents);
      }
    }),
    { numRuns: 1_000 },
  );
});

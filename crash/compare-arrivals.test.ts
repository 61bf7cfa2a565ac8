import { expect, test } from 'vitest';
import { type Arrival, DEATH_MS, faultOf, WRITTEN_MS } from './compare-arrivals.ts';

const KILLED_MS = 100_000;

/** Said so long before the end of its connection, which came so long after the kill. */
function arrival(saidBeforeMs: number, endedAfterMs: number): Arrival {
  const endedMs = KILLED_MS + endedAfterMs;
  return { saidMs: endedMs - saidBeforeMs, connection: { endedMs } };
}

const CUT: Arrival = { saidMs: null, connection: { endedMs: 5_000 } };
const HEARD: Arrival = { saidMs: 5_000, connection: { endedMs: 8_000 } };
const OPEN: Arrival = { saidMs: KILLED_MS - 1, connection: { endedMs: null } };

test.for<[string, readonly Arrival[], 'lost' | 'twice' | null]>([
  ['nothing has arrived', [], 'lost'],
  ['once', [HEARD], null],
  ['again, as the sink hung up without a word', [CUT, HEARD], null],
  ['again, as the sink hung up twice', [CUT, CUT, HEARD], null],
  ['again, though its 250 was said and nobody was killed', [HEARD, HEARD], 'twice'],
  ['a third time, though the second was heard', [CUT, HEARD, HEARD], 'twice'],
  ['again, as who heard it was killed', [arrival(10, 20), HEARD], null],
  ['again, as who heard it hung up and was killed', [arrival(10, -1), HEARD], null],
  ['again, and the connection outlived the kill', [arrival(10, DEATH_MS + 1), HEARD], 'twice'],
  ['again, and there was time to write it down before the kill', [arrival(WRITTEN_MS + 21, 20), HEARD], 'twice'],
  ['again, and the connection still stands', [OPEN, HEARD], 'twice'],
])('%s', ([, arrivals, fault]) => {
  expect(faultOf(arrivals, [1, KILLED_MS])).toBe(fault);
});

test('without a kill no connection that ended is an excuse', () => {
  expect(faultOf([arrival(10, 20), HEARD], [])).toBe('twice');
});

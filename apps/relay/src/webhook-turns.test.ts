import { expect, test } from 'vitest';
import { EVENTS_AT_ONCE, EVENTS_TO_SLOW_WEBHOOKS, SLOW_WEBHOOK_MS, WEBHOOK_REST_MS } from './limits.ts';
import { WebhookTurns } from './webhook-turns.ts';

function begin() {
  const clock = { nowMs: 0 };
  const turns = new WebhookTurns(() => clock.nowMs, 5);
  const one = (webhook: number, isTaken: boolean, tookMs = 1) => {
    turns.begin(webhook);
    turns.end(webhook, { isTaken, tookMs });
  };
  return { clock, turns, one };
}

test('a webhook has its own number of events at the same time, and all together have theirs', () => {
  const { turns } = begin();
  expect(turns.rooms().get(1)).toBeUndefined();
  for (let i = 0; i < 5; i++) turns.begin(1);
  expect(turns.rooms().get(1)).toBe(0);
  turns.end(1, { isTaken: true, tookMs: 1 });
  expect(turns.rooms().get(1)).toBe(1);
  expect(turns.room).toBe(EVENTS_AT_ONCE - 4);
});

test('one that takes nothing rests, longer each time, and shows with one event that it is well again', () => {
  const { clock, turns, one } = begin();
  for (let i = 0; i < 5; i++) turns.begin(1);
  for (let i = 0; i < 5; i++) turns.end(1, { isTaken: false, tookMs: 1 });
  let restMs = WEBHOOK_REST_MS.first; // five that failed together count as one
  for (let i = 0; i < 12; i++) {
    expect(turns.restMs).toBe(restMs);
    expect(turns.rooms().get(1)).toBe(0);
    clock.nowMs += restMs - 1;
    expect(turns.rooms().get(1)).toBe(0);
    clock.nowMs++;
    expect(turns.restMs).toBeNull();
    expect(turns.rooms().get(1)).toBe(1);
    one(1, false);
    restMs = Math.min(2 * restMs, WEBHOOK_REST_MS.last);
  }
  turns.forgive(1);
  expect(turns.rooms().get(1)).toBe(1);
  one(1, true);
  expect(turns.rooms().get(1)).toBeUndefined(); // nothing is remembered of it
});

test('those that are slow have one event each, and half of all together', () => {
  const { turns, one } = begin();
  const slow = Array.from({ length: 40 }, (_, i) => i + 1);
  for (const webhook of slow) one(webhook, true, SLOW_WEBHOOK_MS);
  const first = turns.rooms();
  expect([...first.values()].reduce((sum, room) => sum + room, 0)).toBe(EVENTS_TO_SLOW_WEBHOOKS);
  for (const [webhook, room] of first) if (room > 0) turns.begin(webhook);
  expect([...turns.rooms().values()].every((room) => room === 0)).toBe(true);
  expect(turns.room).toBe(EVENTS_AT_ONCE - EVENTS_TO_SLOW_WEBHOOKS);
  turns.end(1, { isTaken: true, tookMs: 1 });
  expect(turns.rooms().get(1)).toBeUndefined(); // it is quick again
  expect([...turns.rooms().values()].reduce((sum, room) => sum + room, 0)).toBe(1);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Quota, roomOctets } from './quota.ts';

const quota = (used: number, octets: number | null, messages: number | null): Quota => ({
  use: { octets: used, messages: 5, mailboxes: 6 },
  limits: { octets, messages, mailboxes: 0 },
});

test.each([
  ['no limits', quota(500, null, null), null],
  ['octets left', quota(500, 501, null), 1],
  ['octets left, and messages', quota(500, 600, 6), 100],
  ['no octets left', quota(500, 500, null), 0],
  ['more used than the limit was lowered to', quota(500, 400, null), 0],
  ['nothing may be there', quota(0, 0, null), 0],
  ['no message more, though there are octets', quota(500, 600, 5), 0],
  ['no message more, of whatever size', quota(500, null, 5), 0],
  ['one message more, of whatever size', quota(500, null, 6), null],
])('room for a message: %s', (_, given, room) => {
  expect(roomOctets(given)).toBe(room);
});

test('what the room is said to take never passes the limit, and one octet more does', () => {
  const amount = fc.nat({ max: 2 ** 50 });
  fc.assert(
    fc.property(amount, amount, (used, limit) => {
      const room = roomOctets(quota(used, limit, null)) ?? Number.NaN;
      expect(used + room).toBe(Math.max(used, limit));
    }),
  );
});

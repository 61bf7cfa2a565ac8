import { expect, test } from 'vitest';
import { parseParameters } from './esmtp-parameters.ts';
import { futureReleaseLine, parseHold, releaseRequest, releaseTime } from './future-release.ts';
import { HOLD_SECONDS } from './limits.ts';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const LATEST = new Date(NOW + HOLD_SECONDS * 1_000).toISOString().replace('.000', '');

const parse = (parameters: string) =>
  parseHold(parseParameters(` ${parameters}`, new Set(['HOLDFOR', 'HOLDUNTIL'])), NOW);

test('EHLO says how long, and until when', () => {
  expect(futureReleaseLine(NOW)).toBe(`FUTURERELEASE ${HOLD_SECONDS} ${LATEST}`);
  expect(futureReleaseLine(NOW + 999)).toBe(futureReleaseLine(NOW));
});

test.each([
  ['HOLDFOR=1', '2026-11-23T10:00:01.000Z', 'for;1'],
  [`holdfor=${HOLD_SECONDS}`, `${LATEST.replace('Z', '.000Z')}`, `for;${HOLD_SECONDS}`],
  ['HOLDUNTIL=2026-11-24T18:30:00Z', '2026-11-24T18:30:00.000Z', 'until;2026-11-24T18:30:00Z'],
  ['HOLDUNTIL=2026-11-24t18:30:00.25z', '2026-11-24T18:30:00.250Z', 'until;2026-11-24T18:30:00.25Z'],
  [`HOLDUNTIL=${LATEST}`, LATEST.replace('Z', '.000Z'), `until;${LATEST}`],
])('%s of a message that comes now: released at %s', (parameter, at, request) => {
  const hold = parse(parameter);
  expect(releaseTime(hold, new Date(NOW))?.toISOString()).toBe(at);
  expect(hold === null ? null : releaseRequest(hold)).toBe(request);
});

test('what is over by then holds nothing, and so does nothing', () => {
  expect(releaseTime(parse('HOLDUNTIL=2026-11-23T09:59:59Z'), new Date(NOW))).toBe(null);
  expect(releaseTime(parse('HOLDUNTIL=2026-11-23T10:00:30Z'), new Date(NOW + 30_000))).toBe(null);
  expect(releaseTime(parse('HOLDUNTIL=0001-01-01T00:00:00Z'), new Date(NOW))).toBe(null);
  expect(parse('')).toBe(null);
});

test.each([
  'HOLDFOR',
  'HOLDFOR=0',
  'HOLDFOR=01',
  'HOLDFOR=-1',
  'HOLDFOR=1.5',
  'HOLDFOR=1e3',
  'HOLDFOR=1000000000',
  `HOLDFOR=${HOLD_SECONDS + 1}`,
  'HOLDFOR=1 HOLDFOR=1',
  'HOLDFOR=1 HOLDUNTIL=2026-11-24T18:30:00Z',
  'HOLDUNTIL',
  'HOLDUNTIL=2026-11-24',
  'HOLDUNTIL=2026-11-24T18:30:00',
  'HOLDUNTIL=2026-11-24T18:30:00+01:00',
  'HOLDUNTIL=2026-11-24T18:30Z',
  'HOLDUNTIL=2026-11-31T00:00:00Z',
  'HOLDUNTIL=2026-13-01T00:00:00Z',
  'HOLDUNTIL=2026-11-24T25:00:00Z',
  'HOLDUNTIL=9999-12-31T23:59:59Z',
  'HOLDUNTIL=+010000-01-01T00:00:00Z',
  `HOLDUNTIL=2026-11-24T18:30:00.${'0'.repeat(40)}Z`,
  `HOLDUNTIL=${new Date(NOW + HOLD_SECONDS * 1_000 + 1).toISOString()}`,
])('%s is 501 5.5.4', (parameters) => {
  expect(() => parse(parameters)).toThrow('501 5.5.4');
});

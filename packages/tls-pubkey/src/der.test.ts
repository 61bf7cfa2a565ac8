import { expect, test } from 'vitest';
import {
  bitString,
  bmpString,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
} from './der.ts';

const hex = (octets: Buffer) => octets.toString('hex');

test.each([
  ['zero', integer(0), '020100'],
  ['127', integer(127), '02017f'],
  ['128, which must not look negative', integer(128), '02020080'],
  ['256', integer(256), '02020100'],
  ['octets whose first bit is set', integer(Buffer.from('80ff', 'hex')), '02030080ff'],
  ['an object identifier (X.690 §8.19.5)', objectIdentifier('2.999.3'), '0603883703'],
  ['one that begins with 1.2.840', objectIdentifier('1.2.840.113549'), '06062a864886f70d'],
  ['a bit', bitString(Buffer.of(0x80), 7), '03020780'],
  ['two-octet characters', bmpString('aß'), '1e04006100df'],
  ['a tag around', explicit(3, integer(1)), 'a303020101'],
  ['nothing in a sequence', sequence(), '3000'],
  ['a set, in order', setOf(integer(2), integer(1)), '3106020101020102'],
  ['the last second of UTCTime', time(new Date('2049-12-31T23:59:59.999Z')), '170d3439313233313233353935395a'],
  ['and the one after it', time(new Date('2050-01-01T00:00:00Z')), '180f32303530303130313030303030305a'],
])('%s', (_, octets, expected) => {
  expect(hex(octets)).toBe(expected);
});

test.each([
  [127, '047f'],
  [128, '048180'],
  [255, '0481ff'],
  [256, '04820100'],
  [65_536, '0483010000'],
])('the length %i', (length, header) => {
  const octets = octetString(Buffer.alloc(length));
  expect(hex(octets.subarray(0, octets.length - length))).toBe(header);
});

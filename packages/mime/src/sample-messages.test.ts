import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { body, bodyStructure } from './body-structure.ts';
import { envelope } from './envelope.ts';
import { MessageParser, parseMessage } from './message-parser.ts';
import { decodePartIndex, encodePartIndex } from './part-index.ts';
import { isBody, isEnvelope, readWire } from './testing/read-wire.ts';

const folder = join(import.meta.dirname, '../../../../shared/testdata/emails');
const isAbsent = !existsSync(folder);
const files = isAbsent
  ? []
  : readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eml'));

describe('sample messages', () => {
  test.skipIf(isAbsent)('are there (skipped: ../shared/testdata/emails is not part of the repository)', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  test.each(files)('%s', (name) => {
    const octets = readFileSync(join(folder, name));
    const structure = parseMessage(octets);
    expect(isEnvelope(readWire(envelope(structure)))).toBe(true);
    expect(isBody(readWire(bodyStructure(structure.root)), true)).toBe(true);
    expect(isBody(readWire(body(structure.root)), false)).toBe(true);
    expect(structure.root.end).toBe(octets.length);
    decodePartIndex(encodePartIndex(structure));

    const parser = new MessageParser();
    for (let i = 0; i < octets.length; i += 7) parser.push(octets.subarray(i, i + 7));
    expect(parser.end()).toEqual(structure);
  });
});

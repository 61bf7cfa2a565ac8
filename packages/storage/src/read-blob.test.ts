import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { TemporaryDirectory } from '@postel/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import { CHUNK_OCTETS, ChunkChecksums } from './chunk-checksums.ts';
import { readBlob, type StoredBlob } from './read-blob.ts';
import { append, startStorage } from './storage-for-tests.ts';

const SIZE = 5 * CHUNK_OCTETS + 1_234;
const NAME = 'a'.repeat(32);
const octets = randomBytes(SIZE);

let directory: TemporaryDirectory;
let blobs: BlobDirectory;
beforeAll(async () => {
  directory = new TemporaryDirectory();
  blobs = new BlobDirectory(directory.path);
});
afterAll(() => directory[Symbol.dispose]());

function checksumsOf(pieces: readonly Buffer[]): Buffer {
  const checksums = new ChunkChecksums();
  for (const piece of pieces) checksums.update(piece);
  return checksums.finish();
}

const blob: StoredBlob = {
  name: NAME,
  sizeOctets: SIZE,
  hash: createHash('sha256').update(octets).digest(),
  checksums: checksumsOf([octets]),
};

async function store(stored: Buffer): Promise<void> {
  directory.write(join(NAME.slice(0, 2), NAME), stored);
}

async function read(of: StoredBlob, start: number, end: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(readBlob(blobs, of, start, end)));
}

const range = fc
  .tuple(fc.integer({ min: 0, max: SIZE }), fc.integer({ min: 0, max: SIZE }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test('checksums are the same however the octets came', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: SIZE })), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), SIZE];
      const pieces = at.slice(1).map((end, i) => octets.subarray(at[i], end));
      expect(checksumsOf(pieces)).toEqual(blob.checksums);
    }),
  );
  expect(blob.checksums).toHaveLength(6 * 4);
});

test('any range of a blob is given as it is', async () => {
  await store(octets);
  await fc.assert(
    fc.asyncProperty(range, async ([start, end]) => {
      expect((await read(blob, start, end)).equals(octets.subarray(start, end))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('hardening 66: of a blob with one wrong bit no range gives it, and the others are given', async () => {
  await fc.assert(
    fc.asyncProperty(range, fc.nat(SIZE - 1), async ([start, end], wrong) => {
      const rotten = Buffer.from(octets);
      rotten.writeUInt8(rotten.readUInt8(wrong) ^ 64, wrong);
      await store(rotten);
      const chunk = Math.floor(wrong / CHUNK_OCTETS);
      const isTouched = end > start && start < (chunk + 1) * CHUNK_OCTETS && end > chunk * CHUNK_OCTETS;
      if (isTouched) await expect(read(blob, start, end)).rejects.toThrow(`blob ${NAME} is damaged`);
      else expect((await read(blob, start, end)).equals(octets.subarray(start, end))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('hardening 66: a whole blob without checksums is checked by its hash, and its last octets are not given', async () => {
  const rotten = Buffer.from(octets);
  rotten.writeUInt8(rotten.readUInt8(3) ^ 1, 3);
  await store(rotten);
  const given: Buffer[] = [];
  const readAll = async () => {
    for await (const piece of readBlob(blobs, { ...blob, checksums: null }, 0, SIZE)) given.push(piece);
  };
  await expect(readAll()).rejects.toThrow(`blob ${NAME} is damaged`);
  expect(Buffer.concat(given).length).toBeLessThan(SIZE);
  await store(octets);
  expect((await read({ ...blob, checksums: null }, 0, SIZE)).equals(octets)).toBe(true);
});

test('hardening 66: a blob that was cut off gives what is whole, and then an error', async () => {
  await store(octets.subarray(0, SIZE - 1));
  await expect(read(blob, 0, SIZE)).rejects.toThrow();
  expect(await read(blob, 0, CHUNK_OCTETS)).toHaveLength(CHUNK_OCTETS);
});

test('the row of a content in a blob has the checksums, also if other messages came with it', async () => {
  await using storage = await startStorage();
  const { store, sql, blobDirectory } = storage;
  const { account, inbox } = await storage.newAccount();
  const texts = [randomBytes(300_000), 'small', randomBytes(150_000), randomBytes(200_000)];
  const done = await Promise.all(texts.map((text) => append(store, account, inbox, text)));
  const messages = await store.fetchMessages(
    account,
    inbox,
    done.map(({ uid }) => uid),
    { octets: true },
  );
  const sizes = await Promise.all(
    messages.map(async ({ blob: stored }) => {
      if (stored === null) return 0;
      expect(stored.checksums).toHaveLength(4 * Math.ceil(stored.sizeOctets / CHUNK_OCTETS));
      return Buffer.concat(await Array.fromAsync(store.readBlob(stored, 0, stored.sizeOctets))).length;
    }),
  );
  expect(sizes.toSorted((a, b) => a - b)).toEqual([0, 150_000, 200_000, 300_000]);

  const rotten = messages.find(({ blob: stored }) => stored !== null)?.blob;
  if (!rotten) throw new Error('the message is in no blob');
  await using file = await open(join(blobDirectory, rotten.name.slice(0, 2), rotten.name), 'r+');
  await file.write(Buffer.from('rot'), 0, 3, 100_000);
  await expect(Array.fromAsync(store.readBlob(rotten, 70_000, 70_001))).rejects.toThrow('is damaged');
  expect(await sql`select count(*)::int as rows from contents where blob_checksums is not null`).toEqual([{ rows: 3 }]);
});

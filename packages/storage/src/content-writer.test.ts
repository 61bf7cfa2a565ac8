import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import { type Content, ContentWriter, INLINE_OCTETS } from './content-writer.ts';
import { accountId } from './ids.ts';

const LIMIT = 1024 * 1024;
const [mary, peter] = [accountId(1), accountId(2)];

let directory: string;
let blobs: BlobDirectory;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'postel-blobs-'));
  blobs = new BlobDirectory(directory);
});
afterAll(() => rm(directory, { recursive: true }));

async function files(): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function write(pieces: Iterable<Buffer>): Promise<Content> {
  const writer = new ContentWriter(blobs, LIMIT);
  for (const piece of pieces) await writer.write(piece);
  return writer.finish();
}

async function octetsOf(content: Content): Promise<Buffer> {
  if (content.octets !== null) return content.octets;
  if (content.blob === null) throw new Error('the content is nowhere');
  await content.blob.prepareFor(mary);
  return Buffer.concat(await Array.fromAsync(blobs.read(content.blob.nameFor(mary), 0, content.sizeOctets)));
}

test('octets cut anywhere come back as they were, in the row or in a blob', async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 200_000 })), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const pieces = sizes.map((size) => randomBytes(size));
      const whole = Buffer.concat(pieces);
      fc.pre(whole.length <= LIMIT);
      await using content = await write(pieces);
      expect(content.sizeOctets).toBe(whole.length);
      expect(content.hash).toEqual(createHash('sha256').update(whole).digest());
      expect(content.blob === null).toBe(whole.length <= INLINE_OCTETS);
      expect((await octetsOf(content)).equals(whole)).toBe(true);
    }),
    { numRuns: 50 },
  );
  expect(await files()).toEqual([]);
});

test.each([
  [INLINE_OCTETS, 'in its row'],
  [INLINE_OCTETS + 1, 'in a blob'],
])('content of %i octets stands %s, also if it came one octet at a time', async (size, where) => {
  const octets = randomBytes(size);
  await using content = await write(Array.from(octets, (octet) => Buffer.of(octet)));
  expect(content.blob === null ? 'in its row' : 'in a blob').toBe(where);
  expect((await octetsOf(content)).equals(octets)).toBe(true);
});

test('a message above the limit is refused while it comes, and leaves no file', async () => {
  const writer = new ContentWriter(blobs, LIMIT);
  await writer.write(randomBytes(LIMIT));
  await expect(writer.write(Buffer.of(0))).rejects.toMatchObject({ kind: 'too-large' });
  await writer.abort();
  expect(await files()).toEqual([]);
});

test('a blob directory that is not there is made', async () => {
  const elsewhere = new BlobDirectory(join(directory, 'deep', 'down'));
  const writer = new ContentWriter(elsewhere, LIMIT);
  await writer.write(randomBytes(INLINE_OCTETS + 1));
  const content = await writer.finish();
  expect(await files()).toHaveLength(1);
  await content.discard();
});

test('a blob that cannot be written is an error, and abort after it is none', async () => {
  const notADirectory = join(directory, 'file');
  await writeFile(notADirectory, '');
  const writer = new ContentWriter(new BlobDirectory(notADirectory), LIMIT);
  await expect(writer.write(randomBytes(INLINE_OCTETS + 1))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await writer.abort();
  await rm(notADirectory);
});

test('each account has a name of its own for a blob, and discarding leaves those that were kept', async () => {
  const octets = randomBytes(200_000);
  const content = await write([octets]);
  const { blob } = content;
  await blob?.prepareFor(mary);
  await Promise.all([blob?.prepareFor(peter), blob?.prepareFor(peter)]);
  const [marys, peters] = [blob?.nameFor(mary) ?? '', blob?.nameFor(peter) ?? ''];
  expect([...(await files())].sort()).toEqual([marys, peters].sort());
  blob?.keepFor(peter);
  await content.discard();
  await content.discard();
  expect(await files()).toEqual([peters]);
  expect(Buffer.concat(await Array.fromAsync(blobs.read(peters, 0, octets.length))).equals(octets)).toBe(true);
  await blobs.remove(peters);
});

test('a part of a blob is read from anywhere, and past its end is an error', async () => {
  const octets = randomBytes(300_000);
  await using content = await write([octets]);
  await content.blob?.prepareFor(mary);
  const name = content.blob?.nameFor(mary) ?? '';
  const read = async (start: number, end: number) => Buffer.concat(await Array.fromAsync(blobs.read(name, start, end)));
  expect((await read(70_000, 210_000)).equals(octets.subarray(70_000, 210_000))).toBe(true);
  expect(await read(5, 5)).toEqual(Buffer.alloc(0));
  await expect(read(299_999, 300_001)).rejects.toThrow('ends at octet 300000');
});

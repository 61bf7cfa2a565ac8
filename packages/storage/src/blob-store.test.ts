/** What both stores of blobs do. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { type ObjectStore, startObjectStore, TemporaryDirectory } from '@postel/testkit';
import { describe, expect, test, vi } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import { type BlobStore, FIRST_DIGITS } from './blob-store.ts';
import { accountId } from './ids.ts';
import { S3Blobs } from './s3-blobs.ts';

const MB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const account = accountId(1);

interface Kind {
  readonly blobs: BlobStore;
  names(): readonly string[];
  /** As if the blob had been written then. */
  age(name: string, modifiedAt: Date): void;
}

async function startKind(kind: 'directory' | 's3'): Promise<Kind & AsyncDisposable> {
  if (kind === 's3') {
    const objects = await startObjectStore();
    const blobs = new S3Blobs({ ...objects.settings(), pathStyle: true });
    return {
      blobs,
      names: () => [...objects.objects.keys()].map((key) => key.slice(-32)).sort(),
      age(name, modifiedAt) {
        const object = objects.objects.get(`blobs/${name.slice(0, 2)}/${name}`);
        if (object !== undefined) object.modifiedAt = modifiedAt;
      },
      async [Symbol.asyncDispose]() {
        blobs.close();
        await objects[Symbol.asyncDispose]();
      },
    };
  }
  const directory = new TemporaryDirectory();
  return {
    blobs: new BlobDirectory(directory.path),
    names: () =>
      readdirSync(directory.path, { recursive: true, withFileTypes: true })
        .flatMap((entry) => (entry.isFile() ? [entry.name] : []))
        .sort(),
    age: (name, modifiedAt) => utimesSync(join(directory.path, name.slice(0, 2), name), modifiedAt, modifiedAt),
    async [Symbol.asyncDispose]() {
      directory[Symbol.dispose]();
    },
  };
}

async function put(blobs: BlobStore, octets: Buffer, pieceOctets = octets.length): Promise<string> {
  const writer = await blobs.create();
  for (let at = 0; at < octets.length; at += pieceOctets) await writer.write(octets.subarray(at, at + pieceOctets));
  const blob = await writer.finish();
  await blob.prepareFor(account);
  return blob.nameFor(account);
}

async function get(blobs: BlobStore, name: string, start: number, end: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(blobs.read(name, start, end)));
}

const sha256 = (octets: Buffer) => createHash('sha256').update(octets).digest('hex');

describe.for(['directory', 's3'] as const)('blobs in %s', (kind) => {
  test.for([1, 200_000, 8 * MB, 8 * MB + 1, 16 * MB, 20 * MB + 7])(
    'of %i octets come back as they were',
    async (size) => {
      await using started = await startKind(kind);
      const { blobs, names } = started;
      const octets = randomBytes(size);
      const name = await put(blobs, octets, 100_000);
      expect(names()).toEqual([name]);
      expect(sha256(await get(blobs, name, 0, size))).toBe(sha256(octets));
    },
  );

  test('are read from anywhere, in pieces of at most 64 kB, and past their end is an error', async () => {
    await using started = await startKind(kind);
    const { blobs } = started;
    const octets = randomBytes(300_000);
    const name = await put(blobs, octets);
    for await (const piece of blobs.read(name, 0, octets.length)) expect(piece.length).toBeLessThanOrEqual(64 * 1024);
    expect((await get(blobs, name, 70_000, 210_000)).equals(octets.subarray(70_000, 210_000))).toBe(true);
    expect(await get(blobs, name, 5, 5)).toEqual(Buffer.alloc(0));
    await expect(get(blobs, name, 299_999, 300_001)).rejects.toThrow('ends at');
    await expect(get(blobs, name, 300_000, 300_001)).rejects.toThrow('ends at');
    await expect(get(blobs, 'a'.repeat(32), 0, 1)).rejects.toThrow();
  });

  test('may be given up while they are read', async () => {
    await using started = await startKind(kind);
    const { blobs } = started;
    const name = await put(blobs, randomBytes(4 * MB));
    for await (const piece of blobs.read(name, 0, 4 * MB)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(await get(blobs, name, 1, 2)).toHaveLength(1);
  });

  test('rule 4: have copies of their own octets, each removed by itself, and removing one twice is no error', async () => {
    await using started = await startKind(kind);
    const { blobs, names } = started;
    const octets = randomBytes(200_000);
    const first = await put(blobs, octets);
    const second = await blobs.copy(first);
    expect(names()).toEqual([first, second].sort());
    await blobs.remove(first);
    await blobs.remove(first);
    expect(names()).toEqual([second]);
    expect((await get(blobs, second, 0, octets.length)).equals(octets)).toBe(true);
    await expect(blobs.copy(first)).rejects.toThrow();
  });

  test.for([0, 200_000, 9 * MB])('given up after %i octets leave nothing', async (size) => {
    await using started = await startKind(kind);
    const { blobs, names } = started;
    const writer = await blobs.create();
    await writer.write(randomBytes(size));
    await writer.abort();
    await writer.abort();
    expect(names()).toEqual([]);
  });

  test('are listed by their first digits, with the time when they were written', async () => {
    await using started = await startKind(kind);
    const { blobs, age } = started;
    const before = Date.now();
    const names = await Promise.all(Array.from({ length: 20 }, () => put(blobs, randomBytes(10))));
    const old = new Date('2026-01-02T03:04:05Z');
    age(names[0] ?? '', old);
    const listed = (await Promise.all(FIRST_DIGITS.map((digits) => Array.fromAsync(blobs.list(digits))))).flat();
    expect(listed.map(({ name }) => name).sort()).toEqual(names.toSorted());
    for (const { name, modifiedAt } of listed) {
      if (name === names[0]) expect(modifiedAt).toEqual(old);
      else expect(modifiedAt.getTime()).toBeGreaterThan(before - 2_000); // a store may tell whole seconds
    }
  });
});

const s3 = (objects: ObjectStore) => new S3Blobs({ ...objects.settings(), pathStyle: true });

test('a list of more objects than one answer holds is whole, and objects of others are left out', async () => {
  await using objects = await startObjectStore();
  const names = Array.from({ length: 2_100 }, (_, i) => `ab${i.toString(16).padStart(30, '0')}`);
  const modifiedAt = new Date();
  for (const name of names) objects.objects.set(`blobs/ab/${name}`, { octets: Buffer.of(1), modifiedAt });
  objects.objects.set('blobs/ab/read me & <weep>', { octets: Buffer.of(1), modifiedAt });
  const listed = await Array.fromAsync(s3(objects).list('ab'));
  expect(listed.map(({ name }) => name)).toEqual(names);
});

test('an upload in parts that took a day is as young as its end, or it might be swept before its row commits', async () => {
  await using objects = await startObjectStore();
  const blobs = new S3Blobs({ ...objects.settings(), pathStyle: true });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const octets = randomBytes(9 * MB);
    const writer = await blobs.create();
    await writer.write(octets);
    vi.setSystemTime(Date.now() + 25 * HOUR_MS);
    const blob = await writer.finish();
    await blob.prepareFor(account);
    const name = blob.nameFor(account);
    const listed = (await Promise.all(FIRST_DIGITS.map((digits) => Array.fromAsync(blobs.list(digits))))).flat();
    expect(listed).toEqual([{ name, modifiedAt: expect.any(Date) }]);
    expect(Date.now() - (listed[0]?.modifiedAt.getTime() ?? 0)).toBeLessThan(HOUR_MS);
    expect(Buffer.concat(await Array.fromAsync(blobs.read(name, 0, octets.length))).equals(octets)).toBe(true);
  } finally {
    vi.useRealTimers();
    blobs.close();
  }
});

test('uploads in parts that nobody finished are removed when they are old', async () => {
  await using objects = await startObjectStore();
  const blobs = s3(objects);
  const writers = await Promise.all([blobs.create(), blobs.create()]);
  for (const writer of writers) await writer.write(randomBytes(9 * MB));
  const [first] = objects.uploads.values();
  if (first === undefined) throw new Error('no upload was begun');
  first.initiatedAt = new Date(Date.now() - 100_000);
  expect(await blobs.removeUnfinished(new Date(Date.now() - 50_000))).toBe(1);
  expect(objects.uploads.size).toBe(1);
  expect(await blobs.removeUnfinished(new Date(Date.now() - 50_000))).toBe(0);
});

test('a part holds 8 MB, whatever the pieces were', async () => {
  await using objects = await startObjectStore();
  await put(s3(objects), randomBytes(17 * MB), 3 * MB);
  expect(objects.requests.map((request) => request.replace(/ .*\?/, ' ?').replace(/ b.*/, ''))).toEqual([
    'POST ?uploads',
    'PUT ?partNumber',
    'PUT ?partNumber',
    'PUT ?partNumber',
    'POST ?uploadId',
  ]);
});

test('no more than 32 blobs are on their way at once: the next waits until one is done', async () => {
  await using objects = await startObjectStore();
  const blobs = s3(objects);
  const writers = await Promise.all(Array.from({ length: 32 }, () => blobs.create()));
  let hasBegun = false;
  const next = blobs.create().then((writer) => {
    hasBegun = true;
    return writer;
  });
  await writers[0]?.write(Buffer.of(1));
  expect(hasBegun).toBe(false);
  await writers[0]?.finish();
  await (await next).abort();
  expect(hasBegun).toBe(true);
});

test('hardening 11: while others wait, an upload whose sender trickles gives up its place, and no other', async () => {
  await using objects = await startObjectStore();
  let nowMs = 0;
  const blobs = new S3Blobs({ ...objects.settings(), pathStyle: true }, () => nowMs);
  const writers = await Promise.all(Array.from({ length: 32 }, () => blobs.create()));
  nowMs = 20_000;
  for (const [i, writer] of writers.entries()) await writer.write(Buffer.alloc(i === 7 ? 300_000 : 400_000));
  const next = await blobs.create();
  await expect(writers[7]?.write(Buffer.of(1))).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(writers[7]?.finish()).rejects.toMatchObject({ kind: 'unavailable' });
  await writers[7]?.abort();
  for (const writer of [next, ...writers.slice(8)]) {
    await writer.write(Buffer.of(1));
    await writer.finish();
  }
  expect(objects.objects.size).toBe(25);
});

test('an upload that waits for the store is not its sender`s fault', async () => {
  await using objects = await startObjectStore();
  let nowMs = 0;
  const blobs = new S3Blobs({ ...objects.settings(), pathStyle: true }, () => nowMs);
  const writers = await Promise.all(Array.from({ length: 32 }, () => blobs.create()));
  const slow = writers[0]?.write(Buffer.alloc(9 * MB));
  nowMs = 3_600_000; // the store takes an hour for the first part
  await slow;
  const [, ...others] = writers;
  const next = blobs.create();
  await expect(others[0]?.write(Buffer.of(1))).rejects.toMatchObject({ kind: 'unavailable' });
  await (await next).abort();
  await writers[0]?.finish();
  expect(objects.objects.size).toBe(1);
});

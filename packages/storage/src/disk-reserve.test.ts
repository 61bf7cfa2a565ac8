/** Hardening 66 and 68: disks that fill, or cannot be written. */
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasSmallDisk, noSmallDiskNote, SmallDisk } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import { ContentWriter, INLINE_OCTETS } from './content-writer.ts';
import { DiskReserve } from './disk-reserve.ts';
import { append, messageOf, startStorage, type TestStorage } from './storage-for-tests.ts';
import { Store } from './store.ts';

const MB = 1024 * 1024;
const LIMIT = 100 * MB;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** Files below a directory, at any depth. */
function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && entry.name !== 'ballast' ? [entry.name] : [],
  );
}

async function writeContent(blobs: BlobDirectory, octets: number) {
  const writer = new ContentWriter(blobs, LIMIT);
  try {
    for (let written = 0; written < octets; written += 64 * 1024) await writer.write(randomBytes(64 * 1024));
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

describe.skipIf(!hasSmallDisk)(`on a small disk${noSmallDiskNote}`, () => {
  test('hardening 68: new mail is refused while the reserve is touched, and everything else goes on', async () => {
    using disk = new SmallDisk(16 * MB);
    const changes: boolean[] = [];
    let told = Promise.withResolvers<void>();
    const reserve = new DiskReserve({
      directories: [disk.path],
      octets: 8 * MB,
      onChange: (isWhole) => {
        changes.push(isWhole);
        told.resolve();
      },
    });
    const store = new Store(storage.database, {
      blobs: new BlobDirectory(disk.path, reserve),
      reserve,
      onError: () => {},
    });
    const { account, inbox } = await storage.newAccount();
    await append(store, account, inbox, 'before');
    const large = await writeContent(new BlobDirectory(disk.path), MB);

    disk.fill(10 * MB);
    await reserve.freeOctets(); // looks now
    const full = { kind: 'disk-full' };
    await expect(append(store, account, inbox, 'x')).rejects.toMatchObject(full);
    await expect(store.arrivals.requireDiskRoom(0)).rejects.toMatchObject(full);
    await expect(store.mailboxes.create(account, 'new', null)).rejects.toMatchObject(full);
    const message = await messageOf(store, inbox, 'x');
    await expect(store.arrivals.append(account, { ...message, content: large })).rejects.toMatchObject(full);
    await expect(writeContent(new BlobDirectory(disk.path, reserve), MB)).rejects.toMatchObject(full);
    await large.discard();
    expect(filesIn(disk.path)).toEqual([]);
    expect(reserve.refusals).toBe(5);

    const edit = { mode: 'add', system: 8, keywords: [] } as const;
    expect(await store.changeFlags(account, inbox, [{ first: 1, last: 1 }], edit, null)).toMatchObject({
      changed: [{ first: 1, last: 1 }],
    });
    expect(await store.fetchMessages(account, inbox, [1], { octets: true })).toHaveLength(1);
    expect(await store.expunge(account, inbox, [{ first: 1, last: 1 }])).not.toBeNull();
    const sent = await store.mailboxes.find(account, 'Sent');
    if (sent !== null) await store.mailboxes.delete(account, sent.id);

    told = Promise.withResolvers<void>();
    disk.empty();
    await reserve.freeOctets();
    await told.promise;
    expect(changes).toEqual([false, true]);
    expect(await append(store, account, inbox, 'after')).toMatchObject({ uid: 2 });
    await expect(store.arrivals.requireDiskRoom(9 * MB)).rejects.toMatchObject(full);
    await store.arrivals.requireDiskRoom(7 * MB);
    await store.close();
  });

  test('hardening 68: that there is room again is noticed though nobody asks', { timeout: 10_000 }, async () => {
    using disk = new SmallDisk(4 * MB);
    disk.fill(3 * MB);
    const whole = Promise.withResolvers<void>();
    const onChange = (isWhole: boolean) => isWhole && whole.resolve();
    const reserve = new DiskReserve({ directories: [disk.path], octets: 2 * MB, onChange });
    await expect(reserve.require(0)).rejects.toMatchObject({ kind: 'disk-full' });
    disk.empty();
    const alive = setInterval(() => {}, 1_000); // the reserve keeps no process alive
    await whole.promise;
    clearInterval(alive);
    reserve.close();
  });

  test('hardening 68: a disk looked at once a second counts what was taken since', async () => {
    using disk = new SmallDisk(8 * MB);
    const reserve = new DiskReserve({ directories: [disk.path], octets: MB });
    for (let i = 0; i < 7; i++) await reserve.take(MB - 8_192); // the file system needs a page or two for itself
    await expect(reserve.take(MB)).rejects.toMatchObject({ kind: 'disk-full' });
  });

  test('hardening 68: a disk that has no files left is full', async () => {
    using disk = new SmallDisk(64 * MB, { files: 900 });
    const reserve = new DiskReserve({ directories: [disk.path], octets: MB });
    await expect(reserve.require(0)).rejects.toMatchObject({ kind: 'disk-full' });
  });

  test('hardening 66: a blob that finds the disk full in the middle is an error, and nothing is left of it', async () => {
    using disk = new SmallDisk(2 * MB);
    const blobs = new BlobDirectory(disk.path);
    await expect(writeContent(blobs, 4 * MB)).rejects.toMatchObject({ kind: 'disk-full', cause: { code: 'ENOSPC' } });
    expect(filesIn(disk.path)).toEqual([]);
    await using content = await writeContent(blobs, MB);
    expect(content.blob).not.toBeNull();
  });

  test('hardening 68: on a disk that was made read-only blobs are unavailable, until it is writable again', async () => {
    using disk = new SmallDisk(4 * MB);
    const blobs = new BlobDirectory(disk.path);
    disk.makeReadOnly(true);
    await expect(writeContent(blobs, MB)).rejects.toMatchObject({ kind: 'unavailable', cause: { code: 'EROFS' } });
    disk.makeReadOnly(false);
    await using content = await writeContent(blobs, MB);
    expect(content.sizeOctets).toBe(MB);
  });
});

test('a disk that does not say what is free refuses nothing', async () => {
  const reserve = new DiskReserve({ directories: ['/dev/null/blobs'], octets: MB });
  await reserve.require(LIMIT);
  expect(await reserve.freeOctets()).toBe(Number.POSITIVE_INFINITY);
});

test('a directory of blobs that somebody removes is made again', async () => {
  const blobs = new BlobDirectory(storage.blobDirectory);
  for (let i = 0; i < 2; i++) {
    const contents = await Promise.all(Array.from({ length: 20 }, () => writeContent(blobs, 2 * INLINE_OCTETS)));
    expect(contents.every(({ blob }) => blob !== null)).toBe(true);
    for (const name of readdirSync(storage.blobDirectory))
      rmSync(join(storage.blobDirectory, name), { recursive: true });
  }
});

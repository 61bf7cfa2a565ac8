/** What `verifyAccount` finds of contents in blobs, in a directory and in an object store. */
import { join } from 'node:path';
import { FaultProxy, startObjectStore } from '@postel/testkit';
import { describe, expect, test } from 'vitest';
import { BlobDirectory } from '../blob-directory.ts';
import { S3Blobs } from '../s3-blobs.ts';
import { append, startStorage, type TestStorage } from '../storage-for-tests.ts';
import { type Imperfection, type VerifyOptions, verifyAccount } from './verify-account.ts';

const LARGE = Buffer.from(`Message-ID: <large@example.com>\r\n\r\n${'0123456789abcde\n'.repeat(20_000)}`);

/** A store, and what a test does to its blobs behind its back. */
async function startKind(kind: 'directory' | 's3') {
  const stack = new AsyncDisposableStack();
  const dispose = { [Symbol.asyncDispose]: () => stack.disposeAsync() };
  if (kind === 'directory') {
    const storage = stack.use(await startStorage());
    const blobs = new BlobDirectory(storage.blobDirectory);
    return { storage, blobs, ...dispose };
  }
  const { proxy, blobsOf } = stack.use(await startBucket());
  const storage = stack.use(await startStorage({ blobsOf }));
  const blobs = blobsOf();
  stack.defer(() => blobs.close());
  return { storage, blobs, proxy, ...dispose };
}

async function startBucket() {
  const objects = await startObjectStore();
  const proxy = await FaultProxy.start(objects.endpoint);
  return {
    proxy,
    blobsOf: () => new S3Blobs({ ...objects.settings(proxy.endpoint), pathStyle: true }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await objects[Symbol.asyncDispose]();
    },
  };
}

async function accountWithBlob({ store, sql, newAccount }: TestStorage) {
  const { account, inbox } = await newAccount();
  await append(store, account, inbox, LARGE);
  const [row] = await sql<{ name: string; checksums: Buffer }[]>`
    select blob_name as name, blob_checksums as checksums from contents where account_id = ${account}`;
  if (row === undefined) throw new Error('the content is not there');
  const verify = async (options: VerifyOptions) => await Array.fromAsync(verifyAccount(sql, account, options));
  const checksums = async () =>
    (
      await sql<{ checksums: Buffer | null }[]>`
      select blob_checksums as checksums from contents where account_id = ${account}`
    )[0]?.checksums;
  return { account, inbox, ...row, verify, storedChecksums: checksums };
}

describe.each(['directory', 's3'] as const)('blobs: %s', (kind) => {
  test('checksums that are not those of the octets are found, and stored anew', async () => {
    await using started = await startKind(kind);
    const { storage, blobs } = started;
    const { account, checksums, verify, storedChecksums } = await accountWithBlob(storage);
    expect(await verify({ blobs })).toEqual([]);
    await storage.sql`update contents set blob_checksums = ${Buffer.alloc(checksums.length)} where account_id = ${account}`;
    const found = [{ rule: 'structure', problem: expect.stringContaining('another list of checksums') }];
    expect(await verify({ blobs })).toMatchObject(found);
    expect(await verify({ blobs, fix: true })).toMatchObject(found);
    expect(await storedChecksums()).toEqual(checksums);
    expect(await verify({ blobs })).toEqual([]);
  });

  test('checksums that an older Postel did not store are no finding, and are added if the octets are right', async () => {
    await using started = await startKind(kind);
    const { storage, blobs } = started;
    const { account, checksums, verify, storedChecksums } = await accountWithBlob(storage);
    await storage.sql`update contents set blob_checksums = null where account_id = ${account}`;
    for (const fix of [false, true]) {
      const told: Imperfection[] = [];
      const onProgress: VerifyOptions['onProgress'] = ({ imperfection }) => {
        if (imperfection !== undefined) told.push(imperfection);
      };
      expect(await verify({ blobs, fix, onProgress })).toEqual([]);
      expect(told).toEqual([{ kind: 'unchecked', count: 1, isRepaired: fix }]);
      expect(await storedChecksums()).toEqual(fix ? checksums : null);
    }
    await storage.sql`update contents set blob_checksums = null, hash = sha256('another') where account_id = ${account}`;
    expect(await verify({ blobs, fix: true })).toMatchObject([{ rule: 'checksums', isRepaired: false }]);
    expect(await storedChecksums()).toBe(null);
  });

  test('a blob that is missing is told with its message', async () => {
    await using started = await startKind(kind);
    const { storage, blobs } = started;
    const { name, verify } = await accountWithBlob(storage);
    await blobs.remove(name);
    expect(await verify({ blobs, fix: true })).toMatchObject([
      {
        rule: 'contents',
        uid: 1,
        messageId: '<large@example.com>',
        problem: expect.stringMatching(/cannot be had from blob [0-9a-f]{32}: it is missing$/),
        isRepaired: false,
      },
    ]);
  });

  test('a blob that is noted for removal while a content is in it is found, and the note taken away', async () => {
    await using started = await startKind(kind);
    const { storage, blobs } = started;
    const { account, name, verify } = await accountWithBlob(storage);
    await storage.sql`insert into removed_blobs (account_id, blob_name) values (${account}, ${name}), (${account}, 'other')`;
    const found = [{ rule: 'contents', problem: expect.stringContaining(`blob ${name} is noted for removal`) }];
    expect(await verify({ blobs: null })).toMatchObject(found);
    expect(await verify({ blobs, fix: true })).toMatchObject(found);
    expect(await verify({ blobs })).toEqual([]);
    expect(await storage.sql`select blob_name from removed_blobs where account_id = ${account}`).toEqual([
      { blob_name: 'other' },
    ]);
  });
});

test('an object store that is away, or refuses, is no fault of a message', async () => {
  await using bucket = await startBucket();
  await using storage = await startStorage({ blobsOf: bucket.blobsOf });
  const blobs = bucket.blobsOf();
  const { verify } = await accountWithBlob(storage);
  for (const status of [403, 503]) {
    bucket.proxy.fault = () => ({ type: 'status', status });
    await expect(verify({ blobs })).rejects.toMatchObject({ name: 'StorageError', kind: 'unavailable' });
  }
  bucket.proxy.fault = () => null;
  expect(await verify({ blobs })).toEqual([]);
  blobs.close();
});

test('a directory that is away is no fault of a message', async () => {
  await using storage = await startStorage();
  const { verify } = await accountWithBlob(storage);
  const file = join(import.meta.dirname, 'verify-blobs.test.ts');
  await expect(verify({ blobs: new BlobDirectory(file) })).rejects.toMatchObject({ code: 'ENOTDIR' });
});

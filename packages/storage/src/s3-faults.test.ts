/** Hardening 66: an object store that is away, slow, or gives other octets. */
import { randomBytes } from 'node:crypto';
import { type Fault, FaultProxy, type ProxiedRequest, startObjectStore } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ContentWriter } from './content-writer.ts';
import { accountId } from './ids.ts';
import { readBlob } from './read-blob.ts';
import { S3Blobs } from './s3-blobs.ts';

const MB = 1024 * 1024;
const LIMIT = 100 * MB;
const account = accountId(1);

async function startFaulty() {
  const objects = await startObjectStore();
  const proxy = await FaultProxy.start(objects.endpoint);
  const blobs = new S3Blobs({ ...objects.settings(proxy.endpoint), pathStyle: true });
  return {
    objects,
    proxy,
    blobs,
    async write(octets: Buffer) {
      const writer = new ContentWriter(blobs, LIMIT);
      try {
        await writer.write(octets);
        const content = await writer.finish();
        await content.blob?.prepareFor(account);
        return content;
      } catch (error) {
        await writer.abort();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      blobs.close();
      await proxy[Symbol.asyncDispose]();
      await objects[Symbol.asyncDispose]();
    },
  };
}

const isPut = ({ method }: ProxiedRequest) => method === 'PUT';
const isGet = ({ method }: ProxiedRequest) => method === 'GET';
const isEnd = ({ method, url }: ProxiedRequest) => method === 'POST' && url.includes('uploadId=');

const whilePassing: readonly [string, Fault][] = [
  ['500', { type: 'status', status: 500 }],
  ['503', { type: 'status', status: 503 }],
  ['429', { type: 'status', status: 429 }],
  ['a connection cut in the middle of the upload', { type: 'cut-upload', afterOctets: 100_000 }],
  ['a lost answer', { type: 'lost-answer' }],
  ['a bit that flipped on the way', { type: 'flip-upload', at: 123_456 }],
];

test.for(whilePassing)('hardening 66: with %s a blob is written by the next attempt', async ([, fault]) => {
  await using faulty = await startFaulty();
  for (const size of [200_000, 9 * MB]) {
    const octets = randomBytes(size);
    faulty.proxy.failNext(fault, isPut);
    await using content = await faulty.write(octets);
    const name = content.blob?.nameFor(account) ?? '';
    expect(faulty.objects.objects.get(`blobs/${name.slice(0, 2)}/${name}`)?.octets.equals(octets)).toBe(true);
  }
});

test('hardening 66: an answer to the end of an upload in parts that is lost does not fail it', async () => {
  await using faulty = await startFaulty();
  faulty.proxy.failNext({ type: 'lost-answer' }, isEnd);
  const octets = randomBytes(9 * MB);
  await using content = await faulty.write(octets);
  expect(content.blob).not.toBeNull();
  expect([...faulty.objects.objects.values()].map((object) => object.octets.equals(octets))).toEqual([true]);
});

test.for<[string, Fault]>([
  ['answers 503', { type: 'status', status: 503 }],
  ['breaks every upload off', { type: 'cut-upload', afterOctets: 1_000 }],
  ['flips a bit each time', { type: 'flip-upload', at: 10 }],
])('hardening 66: a store that %s is unavailable, and nothing is left in it', async ([, fault]) => {
  await using faulty = await startFaulty();
  for (const size of [200_000, 9 * MB]) {
    faulty.proxy.fault = (request) => (isPut(request) ? fault : null);
    await expect(faulty.write(randomBytes(size))).rejects.toMatchObject({ kind: 'unavailable' });
    expect([...faulty.objects.objects.keys()]).toEqual([]);
    expect(faulty.objects.uploads.size).toBe(0);
  }
});

test('hardening 68: a store that is full is told as that', async () => {
  await using faulty = await startFaulty();
  faulty.proxy.fault = (request) => (isPut(request) ? { type: 'status', status: 507 } : null);
  await expect(faulty.write(randomBytes(200_000))).rejects.toMatchObject({ kind: 'disk-full' });
});

test('a store that nobody listens for is unavailable', async () => {
  const objects = await startObjectStore();
  const blobs = new S3Blobs({ ...objects.settings(), pathStyle: true });
  await objects[Symbol.asyncDispose]();
  const writer = new ContentWriter(blobs, LIMIT);
  await writer.write(randomBytes(200_000));
  await expect(writer.finish()).rejects.toMatchObject({ kind: 'unavailable' });
  await writer.abort();
  blobs.close();
});

test('a wrong secret is refused at once, and the error names neither key', async () => {
  await using objects = await startObjectStore();
  const blobs = new S3Blobs({ ...objects.settings(), secretAccessKey: 'planted-canary', pathStyle: true });
  const before = objects.requests.length;
  const error: unknown = await Array.fromAsync(blobs.list('00')).catch((error: unknown) => error);
  expect(String(error)).toContain('403 SignatureDoesNotMatch');
  expect(JSON.stringify([String(error), error])).not.toMatch(/planted-canary|POSTELTESTKEY/);
  expect(objects.requests.length).toBe(before);
  const writer = new ContentWriter(blobs, LIMIT);
  await writer.write(randomBytes(200_000));
  await expect(writer.finish()).rejects.toMatchObject({ kind: 'unavailable', cause: { status: 403 } });
  await writer.abort();
});

test.for<[string, Fault]>([
  ['503', { type: 'status', status: 503 }],
  ['a connection cut in the middle', { type: 'cut-download', afterOctets: 1_000_000 }],
  ['a lost answer', { type: 'lost-answer' }],
])('hardening 66: with %s a blob is read on from where it was', async ([, fault]) => {
  await using faulty = await startFaulty();
  const octets = randomBytes(3 * MB);
  await using content = await faulty.write(octets);
  faulty.proxy.failNext(fault, isGet, 2);
  const read = faulty.blobs.read(content.blob?.nameFor(account) ?? '', 0, octets.length);
  expect(Buffer.concat(await Array.fromAsync(read)).equals(octets)).toBe(true);
});

test('hardening 66: a bit that flips on the way back is not given to anybody', async () => {
  await using faulty = await startFaulty();
  const octets = randomBytes(3 * MB);
  await using content = await faulty.write(octets);
  const blob = {
    name: content.blob?.nameFor(account) ?? '',
    sizeOctets: octets.length,
    hash: content.hash,
    checksums: content.blobChecksums,
  };
  faulty.proxy.failNext({ type: 'flip-download', at: 2 * MB + 5 }, isGet);
  const given: Buffer[] = [];
  const read = async () => {
    for await (const piece of readBlob(faulty.blobs, blob, 0, octets.length)) given.push(piece);
  };
  await expect(read()).rejects.toThrow(`blob ${blob.name} is damaged: octets ${2 * MB} to ${2 * MB + 64 * 1024}`);
  expect(Buffer.concat(given).equals(octets.subarray(0, 2 * MB))).toBe(true);
});

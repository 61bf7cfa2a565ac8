import { randomBytes } from 'node:crypto';
import type { BlobStore } from './blob-store.ts';
import { accountId } from './ids.ts';

/**
 * Does with a small blob all that Postel does with blobs, and leaves nothing behind: whoever may not do one of it learns that
 * now, and not from a message that cannot be stored.
 *
 * @throws as the store does
 */
export async function checkBlobs(blobs: BlobStore): Promise<void> {
  const octets = randomBytes(32);
  const writer = await blobs.create();
  try {
    await writer.write(octets);
    const blob = await writer.finish();
    const nobody = accountId(0);
    await blob.prepareFor(nobody);
    const name = blob.nameFor(nobody);
    const copy = await blobs.copy(name);
    const read = Buffer.concat(await Array.fromAsync(blobs.read(copy, 0, octets.length)));
    if (!read.equals(octets)) throw new Error('a blob comes back with other octets');
    const listed = await Array.fromAsync(blobs.list(copy.slice(0, 2)), (found) => found.name);
    if (!listed.includes(copy)) throw new Error('a list of the blobs lacks one');
    await blobs.removeUnfinished(new Date(0));
    await blobs.remove(copy);
    await blobs.remove(name);
  } finally {
    await writer.abort();
  }
}

import { BlobDirectory } from './blob-directory.ts';
import type { BlobStore } from './blob-store.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { S3Target } from './s3-client.ts';

/** Where the blobs are. */
export type BlobTarget = { readonly directory: string } | { readonly s3: S3Target };

/**
 * Nothing is asked of the store until a blob is.
 *
 * @param reserve what must stay free of the disk, for a directory
 * @throws if a file that the target names cannot be read
 */
export async function openBlobs(target: BlobTarget, reserve: DiskReserve | null = null): Promise<BlobStore> {
  if ('directory' in target) return new BlobDirectory(target.directory, reserve);
  const { S3Blobs } = await import('./s3-blobs.ts'); // with its signatures, which a directory does not need
  return new S3Blobs(target.s3);
}

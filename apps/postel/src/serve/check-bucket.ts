import { type BlobTarget, checkBlobs, openBlobs, StorageError } from '@postel/storage';
import { CommandError } from '../command-error.ts';

/**
 * Tries the bucket that the blobs are to be in.
 * @throws {CommandError} if it cannot be used
 */
export async function checkBucket(target: Extract<BlobTarget, { s3: object }>): Promise<void> {
  const { endpoint, bucket } = target.s3;
  try {
    const blobs = await openBlobs(target);
    try {
      await checkBlobs(blobs);
    } finally {
      blobs.close();
    }
  } catch (error) {
    throw new CommandError(`The bucket ${bucket} at ${endpoint} cannot be used: ${explain(error)}.`, { cause: error });
  }
}

/** The reason beneath, too: that a connection was refused, for instance. What the store said tells more than our kinds. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StorageError && error.cause instanceof Error) return explain(error.cause);
  return error.cause instanceof Error ? `${error.message}: ${explain(error.cause)}` : error.message;
}

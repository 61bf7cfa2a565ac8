import { removeBlobs as remove } from '@postel/storage';
import { BLOB_GRACE_MS, MINUTE_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Removes blobs of contents that are gone, a day after these. */
export const removeBlobs: Job = {
  name: 'remove-blobs',
  everyMs: 10 * MINUTE_MS,
  async run({ database, blobs, signal }) {
    return { blobs: await remove(database, blobs, { graceMs: BLOB_GRACE_MS, signal }) };
  },
};

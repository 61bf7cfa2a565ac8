import { sweepBlobs as sweep } from '@postel/storage';
import { BLOB_GRACE_MS, DAY_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Removes blobs that nothing ever named: a crash between the end of an upload and its commit leaves them. */
export const sweepBlobs: Job = {
  name: 'sweep-blobs',
  everyMs: DAY_MS,
  async run({ database, blobs, signal }) {
    return { blobs: await sweep(database, blobs, { graceMs: BLOB_GRACE_MS, signal }) };
  },
};

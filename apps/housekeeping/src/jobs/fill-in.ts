import { HOUR_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Gives messages of Postels that knew of neither their subject, addresses and thread: docs/sql.md. */
export const fillIn: Job = {
  name: 'fill-in',
  everyMs: HOUR_MS,
  async run({ store, signal }) {
    let messages = 0;
    await store.search.fillMissingSummaries({
      signal,
      onProgress(done) {
        messages = done;
      },
    });
    return { messages };
  },
};

import { SECOND_MS } from '../intervals.ts';
import type { Job } from '../job.ts';

/** Texts between two lines of the log. */
const TOLD_EVERY = 50_000;

/** Puts texts of new messages into the index that searches ask, and those of all messages after an upgrade: docs/storage.md, Search. */
export const indexTexts: Job = {
  name: 'index-texts',
  everyMs: 15 * SECOND_MS,
  async run({ store, log, signal }) {
    let texts = 0;
    let told = 0;
    await store.search.indexTexts({
      signal,
      onProgress(done) {
        texts = done;
        if (texts - told < TOLD_EVERY) return;
        told = texts;
        log.info({ texts }, 'indexing texts');
      },
    });
    return { texts };
  },
};

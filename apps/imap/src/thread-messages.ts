import { placesUpTo, sortInTurns } from '@postel/storage';
import type { Session } from './session.ts';
import { readSortValues } from './sort-messages.ts';
import { threadByReferences, threadByRefs } from './thread-by-references.ts';
import { threadBySubject } from './thread-by-subject.ts';
import { rootsByYoungest, type ThreadTrees, threadTrees } from './thread-trees.ts';

export type ThreadAlgorithm = 'ORDEREDSUBJECT' | 'REFERENCES' | 'REFS';

/**
 * Makes trees of messages of the selected mailbox, without keeping others of the process from their turn.
 *
 * @param uids ascending; in the trees their places in it stand for them
 */
export async function threadMessages(
  session: Session,
  algorithm: ThreadAlgorithm,
  uids: Uint32Array,
): Promise<ThreadTrees> {
  const { view, store, transport, log } = session;
  const dates = await readSortValues(session, 'date', uids);
  const byDate = await sortInTurns(
    placesUpTo(uids.length),
    (a, b) => (dates[a] ?? 0) - (dates[b] ?? 0) || a - b,
    transport.gone,
  );
  const turn = async () => {
    transport.gone.throwIfAborted();
    await transport.flushMuch();
  };
  const readSubjects = () => readSortValues(session, 'subject', uids);
  const readLinks = () => {
    const reading = store.search.threadLinks(view.mailbox, uids, {
      signal: transport.gone,
      onProgress: (read, left) => log.info({ read, left }, 'reading the headers of older messages, to thread them'),
    });
    return transport.whileSilent(reading);
  };
  switch (algorithm) {
    case 'ORDEREDSUBJECT':
      return threadTrees(threadBySubject(byDate, await readSubjects()), byDate, turn);
    case 'REFERENCES': {
      const messages = { byDate, subjects: await readSubjects(), links: await readLinks() };
      const parents = await threadByReferences(messages, turn);
      await turn();
      return threadTrees(parents, byDate, turn);
    }
    case 'REFS': {
      const parents = await threadByRefs(await readLinks(), uids.length, turn);
      await turn();
      const trees = await threadTrees(parents, byDate, turn);
      const youngest = await rootsByYoungest(trees.roots, parents, dates, turn);
      return { ...trees, roots: await sortInTurns(trees.roots, youngest, transport.gone) };
    }
    default:
      return algorithm satisfies never;
  }
}

import type { Arguments, SequenceSet } from '@postel/imap-wire';
import { rangesOf, StorageError, SystemFlag } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { FetchAnswer } from '../fetch-answer.ts';
import { type FetchItem, type FetchItems, parseFetchItems } from '../fetch-items.ts';
import type { MailboxView } from '../mailbox-view.ts';
import { type PartialRange, parsePartialRange, partOf } from '../search-return.ts';
import type { Session } from '../session.ts';
import { tellVanishedEarlier } from '../vanished.ts';

const NONE = new Uint32Array(0);

interface FetchArgs extends FetchItems {
  readonly messages: SequenceSet;
  /** Which of the messages that exist are to be told of; null for all. */
  readonly part: PartialRange | null;
  /** Of these, only messages with a higher modseq; null for all. */
  readonly changedSince: number | null;
  /** Whether to tell also of those that are gone since. */
  readonly tellsVanished: boolean;
}

const MODIFIERS = {
  CHANGEDSINCE: (value: Arguments) => value.sp().modSeq(),
  PARTIAL: (value: Arguments) => parsePartialRange(value.sp()),
  VANISHED: () => true,
};

/**
 * FETCH and UID FETCH: RFC 9051 §6.4.5, RFC 3501 §6.4.5; BINARY: RFC 3516 §4.2; PARTIAL: RFC 9394 §3.3; CHANGEDSINCE: RFC 7162
 * §3.1.4.1; VANISHED: RFC 7162 §3.2.6.
 */
function fetchCommand(name: 'FETCH' | 'UID FETCH', kind: 'sequence' | 'uid'): Command<FetchArgs> {
  return {
    name,
    state: 'selected',
    parse(args, session) {
      const messages = args.sp().sequenceSet();
      const asked = parseFetchItems(args.sp(), kind);
      const modifiers = args.optional((rest) => rest.someParameters(MODIFIERS)) ?? {};
      const { PARTIAL: part = null, CHANGEDSINCE: changedSince = null, VANISHED: tellsVanished = false } = modifiers;
      if (part !== null && kind === 'sequence') throw new Bad('PARTIAL comes with UID FETCH');
      if (tellsVanished && (kind !== 'uid' || changedSince === null || !session.hasEnabled('QRESYNC')))
        throw new Bad('VANISHED is for UID FETCH with CHANGEDSINCE, after ENABLE QRESYNC');
      const items = changedSince === null ? asked.items : withModSeq(asked.items);
      return { messages, items, setsSeen: asked.setsSeen, part, changedSince, tellsVanished };
    },

    async run(session, { messages, items, setsSeen, part, changedSince, tellsVanished }) {
      const { view } = session;
      if (items.some(({ type }) => type === 'modseq')) session.enableCondstore();
      if (changedSince !== null) {
        await view.mailbox.refreshTo(changedSince); // the client may have heard of it from another process
        // Before any FETCH (RFC 7162 §3.2.6), so also before those of the sync.
        if (tellsVanished) await tellVanishedEarlier(session, changedSince, messages.ranges(view.toldUid));
      }
      await session.sync({ ask: 'memory', expunges: kind === 'uid' });
      const uids = chooseMessages(view, kind, { messages, part, changedSince });
      const marked = setsSeen && !view.isReadOnly && view.rights.has('s') ? await setSeen(session, uids) : NONE;
      const answer = new FetchAnswer(session, items, marked);
      const { gone, unreadable, undecodable, damaged } = await answer.write(uids);
      await session.sync({
        ask: 'memory',
        expunges: kind === 'uid',
        isTold: (uid, at) => answer.hasToldFlags(uid, at),
      });
      if (damaged > 0) throw new No('Some messages are damaged', 'CORRUPTION');
      if (unreadable > 0) throw new No('Some messages cannot be read now', 'UNAVAILABLE');
      if (undecodable > 0) throw new No('A part has a content transfer encoding unknown here', 'UNKNOWN-CTE');
      // RFC 2180 §4.1: they went so long ago that nothing is left to show. A UID that is none is no error (RFC 9051 §6.4.9).
      if (gone > 0 && kind === 'sequence') throw new No('Some messages were expunged', 'EXPUNGEISSUED');
      return ok('Fetched');
    },
  };
}

export const fetch = fetchCommand('FETCH', 'sequence');
export const uidFetch = fetchCommand('UID FETCH', 'uid');

/** Of the set the part, and of these the messages that changed (RFC 9394 §3.4). @throws {Bad} */
function chooseMessages(
  view: MailboxView,
  kind: 'sequence' | 'uid',
  { messages, part, changedSince }: Pick<FetchArgs, 'messages' | 'part' | 'changedSince'>,
): Uint32Array {
  if (kind === 'sequence' && messages.exceeds(view.count)) throw new Bad('No message of that number');
  if (changedSince !== null && part === null) return view.changedSince(changedSince, view.ranges(messages, kind));
  const named = view.resolve(messages, kind) ?? NONE;
  const wanted = part === null ? named : partOf(named, part);
  return changedSince === null ? wanted : view.changedSince(changedSince, rangesOf(wanted));
}

/** CHANGEDSINCE adds MODSEQ to what is asked for. */
function withModSeq(items: readonly FetchItem[]): readonly FetchItem[] {
  return items.some(({ type }) => type === 'modseq') ? items : [...items, { type: 'modseq' }];
}

/**
 * Marks messages as seen. The mailbox is then as new as the change, so that the answers carry the new flags.
 *
 * @returns the UIDs of those that were not
 */
async function setSeen(session: Session, uids: Uint32Array): Promise<Uint32Array> {
  const { mailbox } = session.view;
  const { table } = mailbox;
  const unseen: number[] = [];
  let at = -1;
  for (const uid of uids) {
    at = table.position(uid, at + 1);
    if (at >= 0 && (table.flags(at) & SystemFlag.seen) === 0) unseen.push(uid);
  }
  if (unseen.length === 0) return NONE;
  const edit = { mode: 'add', system: SystemFlag.seen, keywords: [] } as const;
  try {
    await session.store.changeFlags(mailbox.account, mailbox.id, rangesOf(unseen), edit, null);
    await mailbox.refreshTo(session.store.newestModSeq(mailbox.account));
    return new Uint32Array(unseen);
  } catch (error) {
    // A full disk, say. Reading goes on, and the answers tell the flags as they are.
    if (!(error instanceof StorageError)) throw error;
    session.log.warn({ err: error }, 'messages were read and could not be marked as seen');
    return NONE;
  }
}

import { type Arguments, ParseError } from '@postel/imap-wire';
import { type Command, ok } from '../command.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { parseCharset } from '../search-charset.ts';
import { parseSearchKeys, type SearchKeys } from '../search-key.ts';
import { searchMessages } from '../search-messages.ts';
import type { Session } from '../session.ts';
import { type ThreadAlgorithm, threadMessages } from '../thread-messages.ts';
import { walkThreads } from '../thread-trees.ts';

interface ThreadArgs extends SearchKeys {
  readonly algorithm: ThreadAlgorithm;
}

/** THREAD and UID THREAD: RFC 5256 §3; REFS: draft-ietf-morg-inthread. */
function threadCommand(name: 'THREAD' | 'UID THREAD', kind: 'sequence' | 'uid'): Command<ThreadArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      const algorithm = parseAlgorithm(args.sp());
      parseCharset(args.sp());
      return { algorithm, ...parseSearchKeys(args) };
    },

    async run(session, { algorithm, ...keys }) {
      if (keys.asksForModSeq) session.enableCondstore();
      // As in SEARCH: numbers in the keys were written before any removal that we could tell now.
      await session.sync({ ask: 'memory', expunges: false });
      const uids = await searchMessages(session, keys);
      await writeThreads(session, kind, algorithm, uids);
      await session.tell({ expunges: kind === 'uid' && !keys.namesNumbers });
      return ok('Threaded', session.selected?.hasRemovals === true ? 'EXPUNGEISSUED' : null);
    },
  };
}

export const thread = threadCommand('THREAD', 'sequence');
export const uidThread = threadCommand('UID THREAD', 'uid');

function parseAlgorithm(args: Arguments): ThreadAlgorithm {
  const name = args.label();
  switch (name) {
    case 'ORDEREDSUBJECT':
    case 'REFERENCES':
    case 'REFS':
      return name;
    default:
      throw new ParseError('Unknown threading algorithm');
  }
}

async function writeThreads(
  session: Session,
  kind: 'sequence' | 'uid',
  algorithm: ThreadAlgorithm,
  uids: Uint32Array,
): Promise<void> {
  const { view, out, transport } = session;
  const trees = await threadMessages(session, algorithm, uids);
  out.text(uids.length === 0 ? '* THREAD' : '* THREAD ');
  for (const step of walkThreads(trees, uids.length)) {
    if (typeof step === 'string') out.text(step);
    else {
      const uid = uids[step] ?? 0;
      out.number(kind === 'uid' ? uid : view.sequenceNumber(uid));
      if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
    }
  }
  out.crlf();
}

import type { Arguments, SequenceSet } from '@postel/imap-wire';
import { rangesOf } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { copyTarget, findTarget, goneMeansTryCreate } from '../target-mailbox.ts';
import { warnAfterAdding } from '../warn-of-quota.ts';

/** What COPY and MOVE take. */
export interface CopyArgs {
  readonly messages: SequenceSet;
  readonly mailboxName: string;
}

export function parseCopyArgs(args: Arguments): CopyArgs {
  const messages = args.sp().sequenceSet();
  return { messages, mailboxName: parseMailboxName(args.sp()) };
}

/**
 * COPY and UID COPY: RFC 3501 §6.4.7; COPYUID: RFC 4315 §3.
 *
 * Of messages that another connection has removed, RFC 2180 §4.4 lets a server copy what it still has or refuse. We refuse:
 * who archives a message that somebody else has just archived would have it twice. The removals are told with the NO, and
 * nothing is copied. A UID that is none is no error (RFC 3501 §6.4.8), so UID COPY copies the others.
 */
function copyCommand(name: 'COPY' | 'UID COPY', kind: 'sequence' | 'uid'): Command<CopyArgs> {
  return {
    name,
    state: 'selected',
    parse: parseCopyArgs,
    async run(session, { messages, mailboxName }) {
      await session.sync({ ask: 'memory', expunges: false });
      const { view, store } = session;
      const uids = view.resolve(messages, kind);
      if (uids === null) throw new Bad('No message of that number');
      const target = await findTarget(session, mailboxName);
      if (uids.length === 0) return ok('No such message: nothing copied');
      const { account, id } = view.mailbox;
      const which = kind === 'uid' ? 'present' : 'whole';
      const copying = store.copy(account, id, rangesOf(uids), copyTarget(target), which);
      const copied = await session.transport.whileSilent(copying).catch(goneMeansTryCreate);
      await warnAfterAdding(session, target, { octets: Number.POSITIVE_INFINITY, messages: uids.length });
      await session.syncAfterChange({ ask: copied === null ? 'database' : 'memory', expunges: true });
      if (copied === null) throw new No('Some of the messages were expunged: nothing copied', 'EXPUNGEISSUED');
      if (copied.modseq === null) return ok('No such message: nothing copied');
      return ok('Copied', { type: 'COPYUID', ...copied });
    },
  };
}

export const copy = copyCommand('COPY', 'sequence');
export const uidCopy = copyCommand('UID COPY', 'uid');

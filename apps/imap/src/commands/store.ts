import type { SequenceSet } from '@postel/imap-wire';
import { type FlagEdit, rangesOf } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { ExpectedFlags } from '../expected-flags.ts';
import { flagEdit } from '../flags.ts';
import { parseMessageSet } from '../message-set.ts';

interface StoreArgs {
  readonly messages: SequenceSet;
  readonly edit: FlagEdit;
  readonly isSilent: boolean;
}

/**
 * STORE and UID STORE: RFC 9051 §6.4.6.
 *
 * Writes no FETCH responses of its own: the sync that follows reports every change, ours included, and unless it is to be
 * silent the flags of all messages named, "as if a FETCH of those flags was done" (RFC 3501 §6.4.6).
 */
function storeCommand(name: 'STORE' | 'UID STORE', kind: 'sequence' | 'uid'): Command<StoreArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      const messages = parseMessageSet(args.sp());
      const mode = args.sp().skip('+') ? 'add' : args.skip('-') ? 'remove' : 'replace';
      const isSilent = args.expect('FLAGS').skip('.SILENT');
      return { messages, edit: flagEdit(mode, args.sp().flags()), isSilent };
    },

    async run(session, { messages, edit, isSilent }) {
      session.requireWritable();
      // STORE by sequence number must not shift those numbers: RFC 9051 §7.5.1.
      const expunges = kind === 'uid';
      // What a silent STORE must not hide is told before; with expunges only after, since the numbers were written before.
      // A UID may be of a message that came since the last command: the client may know it from another connection.
      if (isSilent || kind === 'uid') await session.sync({ ask: 'memory', expunges: false });
      const { view } = session;
      const uids = view.resolve(messages, kind);
      if (uids === null) throw new Bad('No message of that number');
      const expected = isSilent ? new ExpectedFlags(view.mailbox, uids, edit) : null;
      // Only a message whose removal is not told yet can be named by its number and be gone.
      const isWhole = kind === 'uid' || !view.hasRemovals || uids.every((uid) => view.mailbox.table.position(uid) >= 0);
      const { account, id } = view.mailbox;
      if (uids.length > 0) await session.store.changeFlags(account, id, rangesOf(uids), edit, null);
      await session.syncAfterChange({
        ask: 'memory',
        expunges,
        ...(expected === null ? { asked: uids } : { isKnown: (uid, at) => expected.has(uid, at) }),
      });
      if (isWhole) return ok('Stored');
      // RFC 2180 §4.2: some of them went.
      if (isSilent) return ok('Stored, but some messages were expunged', 'EXPUNGEISSUED');
      throw new No('Some of the messages were expunged', 'EXPUNGEISSUED');
    },
  };
}

export const store = storeCommand('STORE', 'sequence');
export const uidStore = storeCommand('UID STORE', 'uid');

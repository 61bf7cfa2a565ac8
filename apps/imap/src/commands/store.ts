import type { SequenceSet } from '@postel/imap-wire';
import { type FlagEdit, rangesOf } from '@postel/storage';
import { Bad, type Command, ok } from '../command.ts';
import { flagEdit } from '../flags.ts';

interface StoreArgs {
  readonly messages: SequenceSet;
  readonly edit: FlagEdit;
  readonly isSilent: boolean;
}

/**
 * STORE and UID STORE: RFC 9051 §6.4.6.
 *
 * Writes no FETCH responses of its own: the sync that follows reports every change, ours included.
 */
function storeCommand(name: 'STORE' | 'UID STORE', kind: 'sequence' | 'uid'): Command<StoreArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      const messages = args.sp().sequenceSet();
      const mode = args.sp().skip('+') ? 'add' : args.skip('-') ? 'remove' : 'replace';
      const isSilent = args.expect('FLAGS').skip('.SILENT');
      return { messages, edit: flagEdit(mode, args.sp().flags()), isSilent };
    },

    async run(session, { messages, edit, isSilent }) {
      session.requireWritable();
      const { view } = session;
      const uids = view.resolve(messages, kind);
      if (uids === null) throw new Bad('No message of that number');
      const { account, id } = view.mailbox;
      if (uids.length > 0) await session.store.changeFlags(account, id, rangesOf(uids), edit, null);
      // STORE by sequence number must not shift those numbers: RFC 9051 §7.5.1.
      await session.sync({
        ask: 'memory',
        expunges: kind === 'uid',
        ...(isSilent && { hideFlagsOf: new Set(uids) }),
      });
      return ok('Stored');
    },
  };
}

export const store = storeCommand('STORE', 'sequence');
export const uidStore = storeCommand('UID STORE', 'uid');

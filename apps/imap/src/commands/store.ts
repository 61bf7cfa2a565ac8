import type { SequenceSet } from '@postel/imap-wire';
import { type FlagEdit, hasUid, type ModSeq, modSeq, rangesOf } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { ExpectedFlags } from '../expected-flags.ts';
import { flagEdit } from '../flags.ts';
import { permittedEdit } from '../rights.ts';

interface StoreArgs {
  readonly messages: SequenceSet;
  readonly edit: FlagEdit;
  readonly isSilent: boolean;
  /** Messages with a higher modseq are left alone; null for no condition. */
  readonly unchangedSince: ModSeq | null;
}

const NOTHING_TO_DO = { conflicts: [] };

/**
 * STORE and UID STORE: RFC 9051 §6.4.6. UNCHANGEDSINCE: RFC 7162 §3.1.3.
 *
 * Writes no FETCH responses of its own: the sync that follows reports every change, ours included, and unless it is to be
 * silent the flags of all messages named, "as if a FETCH of those flags was done" (RFC 3501 §6.4.6). Of a conditional one the modseq of each is told, and the flags
 * of those that were left alone.
 *
 * A message has one modseq for all its flags, so that a message is left alone also where other flags changed than are to be
 * stored: RFC 7162 §3.1.12 would have a server pass over that, but what a client knows of the message is then not what it says.
 */
function storeCommand(name: 'STORE' | 'UID STORE', kind: 'sequence' | 'uid'): Command<StoreArgs> {
  return {
    name,
    state: 'selected',
    parse(args) {
      const messages = args.sp().sequenceSet();
      const unchangedSince = args.sp().modifier('UNCHANGEDSINCE', (value) => modSeq(value.modSeq()));
      const mode = args.skip('+') ? 'add' : args.skip('-') ? 'remove' : 'replace';
      const isSilent = args.expect('FLAGS').skip('.SILENT');
      return { messages, edit: flagEdit(mode, args.sp().flags()), isSilent, unchangedSince };
    },

    async run(session, { messages, edit: asked, isSilent, unchangedSince }) {
      session.requireWritable((rights) => permittedEdit(asked, rights) !== null);
      const edit = permittedEdit(asked, session.view.rights) ?? asked;
      if (unchangedSince !== null) session.enableCondstore();
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
      const { conflicts } =
        uids.length > 0
          ? await session.store.changeFlags(account, id, rangesOf(uids), edit, unchangedSince)
          : NOTHING_TO_DO;
      await session.syncAfterChange({
        ask: conflicts.length > 0 ? 'database' : 'memory', // what is in the way may be news to this process
        expunges,
        ...((!isSilent || unchangedSince !== null) && { asked: uids }),
        ...(expected !== null && { isKnown: (uid, at) => expected.has(uid, at) && !hasUid(conflicts, uid) }),
      });
      if (conflicts.length > 0) {
        const alone = uids.filter((uid) => hasUid(conflicts, uid));
        const numbers = kind === 'uid' ? alone : alone.map((uid) => view.sequenceNumber(uid));
        const code = { type: 'MODIFIED', messages: numbers } as const;
        if (isWhole || isSilent) return ok('Some messages have changed since, and were left alone', code);
        throw new No('Some of the messages have changed since, and some were expunged', code);
      }
      if (isWhole) return ok('Stored');
      // RFC 2180 §4.2: some of them went.
      if (isSilent) return ok('Stored, but some messages were expunged', 'EXPUNGEISSUED');
      throw new No('Some of the messages were expunged', 'EXPUNGEISSUED');
    },
  };
}

export const store = storeCommand('STORE', 'sequence');
export const uidStore = storeCommand('UID STORE', 'uid');

import type { SequenceSet } from '@postel/imap-wire';
import { rangesOf } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import type { Session } from '../session.ts';

/** EXPUNGE: RFC 9051 §6.4.3. */
export const expunge: Command<null> = {
  name: 'EXPUNGE',
  state: 'selected',
  parse: () => null,
  run: (session) => expungeAmong(session, session.view.uids()),
};

/** UID EXPUNGE: RFC 4315 §2.1. */
export const uidExpunge: Command<SequenceSet> = {
  name: 'UID EXPUNGE',
  state: 'selected',
  parse: (args) => args.sp().sequenceSet(),
  async run(session, set) {
    // The client may know the UID of a message that came since the last command, from another connection.
    await session.sync({ ask: 'memory', expunges: false });
    return await expungeAmong(session, session.view.resolve(set, 'uid') ?? new Uint32Array(0));
  },
};

/** Only messages that this connection knows of: others may bear \Deleted for reasons that it has not seen. */
async function expungeAmong(session: Session, uids: Uint32Array) {
  session.requireWritable('e');
  const { mailbox } = session.view;
  if (uids.length > 0) await session.store.expunge(mailbox.account, mailbox.id, rangesOf(uids));
  await session.syncAfterChange({ ask: 'database', expunges: true });
  return ok('Expunged');
}

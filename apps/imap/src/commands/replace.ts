import { type Arguments, parseSequenceSet, type SequenceSet } from '@postel/imap-wire';
import { type FoundMailbox, rangesOf } from '@postel/storage';
import { type AppendSegment, parseAppendSegment, takesMessage } from '../append-data.ts';
import { Bad, type Command, No, ok } from '../command.ts';
import { IncomingMessages } from '../incoming-messages.ts';
import { type GivenName, parseGivenName } from '../mailbox-name.ts';
import { writeResponseCode } from '../response-code.ts';
import type { Session } from '../session.ts';
import { findTarget, goneMeansTryCreate } from '../target-mailbox.ts';
import { tellChangedName } from '../tell-name.ts';
import { warnAfterAdding } from '../warn-of-quota.ts';

interface ReplaceArgs {
  readonly message: SequenceSet;
  readonly target: GivenName;
  readonly first: AppendSegment;
}

/**
 * REPLACE and UID REPLACE: RFC 8508. The message that is replaced goes in the transaction in which the other comes, so that
 * either both happens or nothing, and a quota has to have room only for what the new one is larger.
 */
function replaceCommand(name: 'REPLACE' | 'UID REPLACE', kind: 'sequence' | 'uid'): Command<ReplaceArgs> {
  return {
    name,
    state: 'selected',
    takesMessage: (args) => takesMessage(args, null, (first) => parseNumber(first.sp())),
    parse(args) {
      const message = parseNumber(args.sp());
      const target = parseGivenName(args.sp());
      return { message, target, first: parseAppendSegment(args, null) };
    },

    async run(session, { message: set, target, first }) {
      session.requireWritable((rights) => rights.has('t') && rights.has('e')); // §4.1
      await session.sync({ ask: 'memory', expunges: false });
      const { store, view } = session;
      const uids = view.resolve(set, kind);
      if (uids === null) throw new Bad('No message of that number');
      const [uid] = uids;
      if (uid === undefined) throw new No('No such message', 'NONEXISTENT');
      const { account, id } = view.mailbox;
      const into = await findTarget(session, target.name);
      const roomOctets = await roomWithout(session, uid, into);
      await using incoming = new IncomingMessages(session, {
        mailbox: into.id,
        rights: into.rights,
        roomOctets,
        mostMessages: 1,
      });
      const [message] = await incoming.receive(first);
      if (message === undefined) throw new Error('the command brought no message');
      const appended = await store.arrivals
        .replace({ account, mailbox: id, uid }, into.account, message)
        .catch(goneMeansTryCreate);
      if (appended === null) throw new No('The message was expunged: nothing was replaced', 'EXPUNGEISSUED');
      // Before EXPUNGE, so that a client knows what comes in its place (RFC 8508 §4.3).
      const { uidvalidity } = appended;
      writeResponseCode(session.out.text('* OK '), { type: 'APPENDUID', uidvalidity, uids: rangesOf([appended.uid]) });
      session.out.text('Replacement').crlf();
      await tellChangedName(session, target);
      await warnAfterAdding(session, into, incoming.added);
      await session.syncAfterChange({ ask: 'memory', expunges: true });
      return ok('Replaced');
    },
  };
}

export const replace = replaceCommand('REPLACE', 'sequence');
export const uidReplace = replaceCommand('UID REPLACE', 'uid');

/** seq-number of RFC 9051 §9. */
function parseNumber(args: Arguments): SequenceSet {
  return parseSequenceSet(Buffer.from(args.skip('*') ? '*' : `${args.nzNumber()}`));
}

/**
 * What the quota leaves when the message is gone (RFC 8508 §3.4). Where it has no room at all, it may be that of the number of
 * messages, which stays the same: the transaction knows.
 */
async function roomWithout({ store, view }: Session, uid: number, target: FoundMailbox): Promise<number | null> {
  const { account, id } = view.mailbox;
  if (target.roomOctets === null || account !== target.account) return target.roomOctets;
  if (target.roomOctets === 0) return null;
  const [replaced] = await store.fetchPresentMessages(account, id, [uid], {});
  return target.roomOctets + (replaced?.sizeOctets ?? 0);
}

import { type Copied, countUids, joinCopied, rangesOf } from '@postel/storage';
import { Bad, type Command, No, ok } from '../command.ts';
import { writeResponseCode } from '../response-code.ts';
import type { Session } from '../session.ts';
import { copyTarget, findTarget, goneMeansTryCreate } from '../target-mailbox.ts';
import { type CopyArgs, parseCopyArgs } from './copy.ts';

/**
 * MOVE and UID MOVE: RFC 6851.
 *
 * Many messages move in several transactions, and messages that another connection has removed cannot move at all: what was
 * moved is told by COPYUID and EXPUNGE also before a NO (§3.3). Within a mailbox it gives messages new UIDs.
 */
function moveCommand(name: 'MOVE' | 'UID MOVE', kind: 'sequence' | 'uid'): Command<CopyArgs> {
  return {
    name,
    state: 'selected',
    parse: parseCopyArgs,
    async run(session, { messages, mailboxName }) {
      session.requireWritable((rights) => rights.has('t') && rights.has('e')); // §4.2
      await session.sync({ ask: 'memory', expunges: false });
      const { view, store } = session;
      const uids = view.resolve(messages, kind);
      if (uids === null) throw new Bad('No message of that number');
      const target = await findTarget(session, mailboxName);
      if (uids.length === 0) return ok('No such message: nothing moved');
      const { account, id } = view.mailbox;
      const parts: Copied[] = [];
      try {
        const progress = { done: 0, goal: uids.length };
        const moving = async () => {
          for await (const part of store.move(account, id, rangesOf(uids), copyTarget(target))) {
            parts.push(part);
            progress.done += countUids(part.source);
          }
        };
        await session.transport.whileSilent(moving(), progress);
      } catch (error) {
        goneMeansTryCreate(error);
      } finally {
        tellCopyUid(session, parts);
        await session.syncAfterChange({ ask: 'memory', expunges: true });
      }
      const moved = parts.reduce((count, { source }) => count + countUids(source), 0);
      if (moved < uids.length && kind === 'sequence') {
        throw new No('Some of the messages were expunged: the others are moved', 'EXPUNGEISSUED');
      }
      return ok('Moved');
    },
  };
}

export const move = moveCommand('MOVE', 'sequence');
export const uidMove = moveCommand('UID MOVE', 'uid');

/** Before the EXPUNGEs, so that a client learns where a message is now while it still has it (RFC 6851 §4.3). */
function tellCopyUid({ out }: Session, parts: readonly Copied[]): void {
  const moved = joinCopied(parts);
  if (moved === null || moved.modseq === null) return;
  writeResponseCode(out.text('* OK '), { type: 'COPYUID', ...moved });
  out.text('Moved').crlf();
}

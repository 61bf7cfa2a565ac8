import type { PurgedPart, RemovedSelection } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { confirm } from '../confirm.ts';
import { printableCount, printableSize } from '../printable.ts';
import type { NamedServer } from '../which-server.ts';
import { inWords, nothingFound, showMailboxes } from './show-removed.ts';
import { useRemovedMail } from './use-removed-mail.ts';

export interface PurgeArguments {
  readonly account: string;
  readonly selection: Omit<RemovedSelection, 'from'>;
  /** Ask nothing. */
  readonly isAgreed: boolean;
  readonly server: NamedServer;
}

/** The work of `postel purge`. @throws {CommandError} */
export async function runPurge(
  { account, selection, isAgreed, server }: PurgeArguments,
  invocation: Invocation,
): Promise<void> {
  const { terminal } = invocation;
  await useRemovedMail(invocation, server, account, async (reached) => {
    const listed = { ...selection, from: null };
    const mailboxes = await reached.removed.count(reached.account, listed);
    if (mailboxes.length === 0) return terminal.say(nothingFound('is kept', listed));
    showMailboxes(mailboxes, terminal);
    if (!isAgreed && !(await confirm(`Forget ${inWords(mailboxes)} for good?`, reached.signal))) {
      return terminal.say('Nothing was changed.');
    }
    const done: PurgedPart[] = [];
    for await (const part of reached.removed.purge(reached.account, selection)) {
      done.push(part);
      terminal.note(`${part.mailbox}: ${printableCount(part.messages, 'message')}`);
      reached.signal.throwIfAborted();
    }
    const messages = done.reduce((sum, part) => sum + part.messages, 0);
    const octets = done.reduce((sum, part) => sum + part.octets, 0);
    const why = octets === 0 ? ': others, removed or not, have the same contents' : '';
    terminal.say(`Forgot ${printableCount(messages, 'message')}; this made ${printableSize(octets)} free${why}.`);
  });
}

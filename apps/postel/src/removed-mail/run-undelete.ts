import { type RemovedFrom, type RemovedSelection, type RestoredPart, StorageError } from '@postel/storage';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { printableCount } from '../printable.ts';
import type { Terminal } from '../terminal.ts';
import type { NamedServer } from '../which-server.ts';
import { inWords, nothingFound, showMailboxes, showMessages } from './show-removed.ts';
import { type ReachedAccount, useRemovedMail } from './use-removed-mail.ts';

export interface UndeleteArguments {
  readonly account: string;
  readonly selection: RemovedSelection;
  /** `overview`: mailboxes with their counts; `list`: each message; `restore`: bring them back. */
  readonly what: 'overview' | 'list' | 'restore';
  readonly server: NamedServer;
}

/** A selection of no more than so many is shown message by message before it is brought back. */
const SHOWN_MESSAGES = 20;

/**
 * The work of `postel undelete`.
 *
 * @throws {CommandError} also if not all could be brought back
 */
export async function runUndelete(
  { account, selection, what, server }: UndeleteArguments,
  invocation: Invocation,
): Promise<void> {
  const { terminal } = invocation;
  await useRemovedMail(invocation, server, account, async (reached) => {
    const mailboxes = await reached.removed.count(reached.account, selection);
    const messages = mailboxes.reduce((sum, mailbox) => sum + mailbox.messages, 0);
    if (messages === 0) {
      terminal.say(nothingFound('that could be brought back', selection));
    } else if (what === 'overview') {
      showMailboxes(mailboxes, terminal);
      terminal.note(
        `Nothing was brought back yet. Say which: --all, --mailbox NAME, --since 2h; to see each message: --list.`,
      );
    } else if (what === 'list' || messages <= SHOWN_MESSAGES) {
      await showMessages(stoppable(reached.removed.list(reached.account, selection), reached.signal), terminal);
    } else {
      showMailboxes(mailboxes, terminal);
    }
    if (what === 'restore' && messages > 0) await restore(reached, selection, mailboxes, terminal);
  });
}

async function restore(
  { removed, account, signal }: ReachedAccount,
  selection: RemovedSelection,
  mailboxes: readonly RemovedFrom[],
  terminal: Terminal,
): Promise<void> {
  const done: RestoredPart[] = [];
  const all = mailboxes.reduce((sum, { messages }) => sum + messages, 0);
  try {
    for await (const part of stoppable(removed.restore(account, selection), signal)) {
      done.push(part);
      terminal.note(`${part.mailbox}: ${printableCount(part.messages, 'message')}`);
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    throw new CommandError(
      `Brought back ${inWords(done)} of ${all.toLocaleString('en-US')}. ${error.message}; ${ADVICE[error.kind] ?? 'the others are still kept: say it again'}.`,
      { cause: error },
    );
  }
  terminal.say(`Brought back ${inWords(done)}.`);
}

/** What to do about the failures that a person can do something about. */
const ADVICE: { readonly [kind in StorageError['kind']]?: string } = {
  'over-quota': 'the others are still kept: make room or raise the quota, and say it again',
  'too-many-names': 'the others are still kept: remove a mailbox that nobody needs, and say it again',
  nonexistent: 'somebody removed it meanwhile',
  'outcome-unknown': 'whether the last of them came back is not known: say it again, nothing comes back twice',
};

/** The same, until somebody asks the command to stop. */
async function* stoppable<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item, void> {
  for await (const item of items) {
    yield item;
    signal.throwIfAborted();
  }
}

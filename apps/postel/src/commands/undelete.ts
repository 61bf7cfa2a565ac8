import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { mailboxOption } from '../mailbox-option.ts';
import { MOMENT_HELP, parseMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const undelete = defineCommand({
  name: 'undelete',
  operands: 'ACCOUNT [--all] [--mailbox NAME] [--since TIME] [--list]',
  summary: 'bring back messages that were expunged, or deleted with their mailbox',
  help: `Removed messages are kept for a time (7 days; see: postel help config account retention). With --all,
--mailbox or --since those it names are brought back to the mailbox they were in, as new messages with the
flags, keywords and dates they had; mail programs show them at once. A mailbox that was deleted is made
anew. Without any of them, only says what is there. Messages that were moved are not among them.

  --all                whatever is there
  --mailbox NAME       what was removed from this mailbox, which may have been deleted
  --since TIME         what was removed then or later: ${MOMENT_HELP}
  --list               only list the messages, one by one
${SERVER_OPTIONS_HELP}

Examples:
  postel undelete mary
  postel undelete mary --since 2h --list
  postel undelete mary --since 2h
  postel undelete mary --mailbox "Work/Plans"`,
  options: {
    all: { type: 'boolean' },
    mailbox: { type: 'string' },
    since: { type: 'string' },
    list: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { account } = operands(line, 'account');
    const mailbox = mailboxOption(line);
    const since = line.option('since');
    const from = since === null ? null : parseMoment('since', since);
    const isNarrowed = mailbox !== null || from !== null;
    if (line.flag('all') && isNarrowed) throw new UsageError('--all is without --mailbox and --since');
    const chosen = line.flag('all') || isNarrowed ? 'restore' : 'overview';
    const what: 'overview' | 'list' | 'restore' = line.flag('list') ? 'list' : chosen;
    return { account, selection: { mailbox, from, until: null }, what, server: namedServer(line) };
  },
  async run(args, invocation) {
    const { runUndelete } = await import('../removed-mail/run-undelete.ts');
    await runUndelete(args, invocation);
  },
});

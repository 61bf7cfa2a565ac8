import { defineCommand } from '../command.ts';
import { mailboxOption } from '../mailbox-option.ts';
import { MOMENT_HELP, parseMoment } from '../moment.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const purge = defineCommand({
  name: 'purge',
  operands: 'ACCOUNT [--mailbox NAME] [--before TIME] [--yes]',
  summary: 'forget removed messages at once that could still be brought back',
  help: `Says what it would forget, and asks. Nothing brings it back afterwards. Messages that are in a mailbox are
not touched. Large contents leave the disk after the grace period of blobs.

  --mailbox NAME       only what was removed from this mailbox, which may have been deleted
  --before TIME        only what was removed then or earlier: ${MOMENT_HELP}
  --yes                do not ask
${SERVER_OPTIONS_HELP}

Examples:
  postel purge mary
  postel purge mary --mailbox Trash --before 1d --yes`,
  options: { mailbox: { type: 'string' }, before: { type: 'string' }, yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    const before = line.option('before');
    const until = before === null ? null : parseMoment('before', before);
    const selection = { mailbox: mailboxOption(line), until };
    return { account, selection, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run(args, invocation) {
    const { runPurge } = await import('../removed-mail/run-purge.ts');
    await runPurge(args, invocation);
  },
});

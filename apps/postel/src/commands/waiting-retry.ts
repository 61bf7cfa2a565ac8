import { defineCommand } from '../command.ts';
import { printableCount } from '../printable.ts';
import { parseSelection, SELECTION_OPTIONS } from '../waiting/selection.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const waitingRetry = defineCommand({
  name: 'waiting retry',
  operands: 'ACCOUNT | --all [--copy ID]',
  summary: 'deliver copies that wait as soon as their accounts can take them',
  help: `They come within half a minute, if the account is not disabled and has room. Only those need this that were tried in vain:
they are put off for up to an hour.

  --copy ID            only this one, as the list names it
  --all                those of all accounts
${SERVER_OPTIONS_HELP}

Examples:
  postel waiting retry mary
  postel waiting retry --all`,
  options: { ...SELECTION_OPTIONS, ...SERVER_OPTIONS },
  parse: (line) => ({ selection: parseSelection(line), server: namedServer(line) }),
  async run({ selection, server }, invocation) {
    const { retryWaiting } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    await useWaiting(invocation, server, selection.account, async ({ sql }) => {
      const count = await retryWaiting(sql, selection);
      invocation.terminal.say(count === 0 ? 'None waits.' : `Trying ${printableCount(count, 'copy', 'copies')} anew.`);
    });
  },
});

import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { printableCount } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const ID = /^[0-9a-f][0-9a-f-]{7,35}$/;

export const heldCancel = defineCommand({
  name: 'held cancel',
  operands: 'ACCOUNT [--message ID] [--yes]',
  summary: 'take messages back that are to be sent later: nobody gets them',
  help: `Lists them, and asks. ACCOUNT is who sent them; they are not told. What is being sent by now stays.

  --message ID         only this one, as the list names it
  --yes                do not ask
${SERVER_OPTIONS_HELP}

Examples:
  postel held cancel mary
  postel held cancel mary --message 5f0c21aa --yes`,
  options: { message: { type: 'string' }, yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const id = line.option('message')?.toLowerCase() ?? null;
    if (id !== null && !ID.test(id)) throw new UsageError('--message takes what the list shows, 8 characters at least');
    return { ...operands(line, 'account'), id, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ account, id, isAgreed, server }, invocation) {
    const { cancelHeld, listHeld } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { HELD_SHOWN } = await import('../waiting/show-held.ts');
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { sayRows } = await import('../say-rows.ts');
    const { terminal } = invocation;
    await useWaiting(invocation, server, account, async ({ sql, signal }) => {
      const messages = await listHeld(sql, { account, id });
      sayRows(terminal, messages, { asJson: false, ...HELD_SHOWN });
      if (messages.length === 0) return;
      const count = printableCount(messages.length, 'message');
      if (!(await confirmRemoval(`Take back ${count}?`, { isAgreed, terminal, signal }))) return;
      terminal.say(`Took back ${printableCount(await cancelHeld(sql, messages), 'message')}.`);
    });
  },
});

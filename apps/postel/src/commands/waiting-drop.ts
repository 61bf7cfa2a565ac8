import { defineCommand } from '../command.ts';
import { printableCount } from '../printable.ts';
import { parseSelection, SELECTION_OPTIONS } from '../waiting/selection.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const waitingDrop = defineCommand({
  name: 'waiting drop',
  operands: 'ACCOUNT | --all [--copy ID] [--yes]',
  summary: 'remove copies that wait: nobody gets them',
  help: `Lists them, and asks. Nothing brings them back, and who sent them is not told: other recipients have their own copies.

  --copy ID            only this one, as the list names it
  --all                those of all accounts
  --yes                do not ask
${SERVER_OPTIONS_HELP}

Examples:
  postel waiting drop mary
  postel waiting drop mary --copy 5f0c21aa --yes`,
  options: { ...SELECTION_OPTIONS, yes: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse: (line) => ({ selection: parseSelection(line), isAgreed: line.flag('yes'), server: namedServer(line) }),
  async run({ selection, isAgreed, server }, invocation) {
    const { dropWaiting, listWaiting } = await import('@postel/storage');
    const { useWaiting } = await import('../waiting/use-waiting.ts');
    const { COPIES_SHOWN } = await import('../waiting/show-waiting.ts');
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { sayRows } = await import('../say-rows.ts');
    const { terminal } = invocation;
    await useWaiting(invocation, server, selection.account, async ({ sql, signal }) => {
      const copies = await listWaiting(sql, selection);
      sayRows(terminal, copies, { asJson: false, ...COPIES_SHOWN });
      if (copies.length === 0) return;
      const count = printableCount(copies.length, 'copy', 'copies');
      if (!(await confirmRemoval(`Remove ${count} for good?`, { isAgreed, terminal, signal }))) return;
      const removed = await dropWaiting(sql, copies);
      terminal.say(`Removed ${printableCount(removed, 'copy', 'copies')}.`);
    });
  },
});

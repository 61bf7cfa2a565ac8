import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { HOLD_RULE_HELP, HOLD_RULE_OPTIONS, holdRuleOf } from '../hold-rule-options.ts';
import { operands } from '../operands.ts';
import { printableCount } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const queueHoldRuleRm = defineCommand({
  name: 'queue hold-rule rm',
  operands: '--sender ADDRESS | --domain DOMAIN | --account ACCOUNT',
  summary: 'hold no more, and send what was held by the rule',
  help: `What was held one by one (queue hold) stays.

${HOLD_RULE_HELP}
${SERVER_OPTIONS_HELP}

Example:
  postel queue hold-rule rm --account mary`,
  options: { ...HOLD_RULE_OPTIONS, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { rule: holdRuleOf(line), server: namedServer(line) };
  },
  async run({ rule, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const released = await operateQueue(invocation, server, (queue) => queue.removeHoldRule(rule));
    if (released === null) throw new CommandError('There is no such rule: see postel queue hold-rule list.');
    invocation.terminal.say(`Removed, and ${printableCount(released, 'recipient')} released.`);
  },
});

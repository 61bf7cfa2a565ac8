import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { HOLD_RULE_HELP, HOLD_RULE_OPTIONS, holdRuleOf } from '../hold-rule-options.ts';
import { operands } from '../operands.ts';
import { printableCount } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const queueHoldRuleAdd = defineCommand({
  name: 'queue hold-rule add',
  operands: '--sender ADDRESS | --domain DOMAIN | --account ACCOUNT',
  summary: 'hold mail of a sender or an account, or for a domain, in the queue',
  help: `What waits is held, and what comes from now on. It is not sent until the rule is removed (queue hold-rule rm), or it
is released one by one (queue release).

${HOLD_RULE_HELP}
  --reason TEXT        for whoever looks at it later
${SERVER_OPTIONS_HELP}

Examples:
  postel queue hold-rule add --account mary --reason "sends what she does not know of"
  postel queue hold-rule add --domain example.org`,
  options: { ...HOLD_RULE_OPTIONS, reason: { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { rule: holdRuleOf(line), reason: line.option('reason') ?? '', server: namedServer(line) };
  },
  async run({ rule, reason, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const held = await operateQueue(invocation, server, (queue) => queue.addHoldRule(rule, reason));
    if (held === null) throw new CommandError(`There is no account ${rule.value}.`);
    invocation.terminal.say(`Held from now on, and ${printableCount(held, 'recipient')} that waited.`);
  },
});

import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteRuleAdd = defineCommand({
  name: 'config route rule add',
  operands: 'NAME --sender WHO | --recipient WHO | --account ACCOUNT [--before N]',
  summary: 'say which mail goes by a route',
  help: `NAME is a route, or direct. Of the rules the first one counts that matches; one with several conditions wants all of them.
Mail that waits goes by the new rules from its next attempt on.

  --sender WHO         an address (MAIL FROM), a domain, *.DOMAIN for all domains below it, or <> for reports
  --recipient WHO      likewise
  --account ACCOUNT    what this account submitted
  --before N           before the rule of this number of config route rule list; else behind all others
${SERVER_OPTIONS_HELP}

Examples:
  postel config route rule add provider --recipient '*.example.org'
  postel config route rule add direct --sender example.com --recipient example.net --before 1`,
  options: {
    sender: { type: 'string' },
    recipient: { type: 'string' },
    account: { type: 'string' },
    before: { type: 'string' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { name } = operands(line, 'name');
    const before = line.option('before');
    if (before !== null && !/^[1-9][0-9]{0,3}$/.test(before)) throw new UsageError('--before is a number');
    const rule = {
      sender: line.option('sender'),
      recipient: line.option('recipient'),
      account: line.option('account'),
      route: name,
    };
    if (rule.sender === null && rule.recipient === null && rule.account === null) {
      throw new UsageError('--sender, --recipient or --account is needed. For all mail: config route default');
    }
    return { rule, position: before === null ? null : Number(before), server: namedServer(line) };
  },
  async run({ rule, position, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { tellQueue } = await import('@postel/queue');
    const { formatRouteRule } = await import('@postel/directory');
    await useDirectory(invocation, server, async ({ routes }, { database }) => {
      await routes.addRule(rule, position);
      await tellQueue(database.sql);
    });
    invocation.terminal.say(`Added: ${formatRouteRule(rule)}`);
  },
});

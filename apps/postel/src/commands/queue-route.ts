import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NUMBERS = 10_000;
const NUMBER = /^[1-9][0-9]{0,14}$/;

export const queueRoute = defineCommand({
  name: 'queue route',
  operands: 'NUMBER... ROUTE | NUMBER... --default',
  summary: 'have something in the queue go by another route, at once',
  help: `NUMBER is what postel queue list shows, ROUTE a route of config route list, or direct. What is being sent at the moment is
left alone.

  --default            by what the rules say, again
${SERVER_OPTIONS_HELP}

Examples:
  postel queue route 17 18 provider
  postel queue route 17 --default`,
  options: { default: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const byRules = line.flag('default');
    const numbers = byRules ? line.positionals : line.positionals.slice(0, -1);
    const route = byRules ? null : (line.positionals.at(-1) ?? null);
    if (numbers.length === 0 || (route !== null && NUMBER.test(route)))
      throw new UsageError('NUMBER and ROUTE, or --default');
    if (numbers.length > NUMBERS) throw new UsageError(`More than ${NUMBERS} numbers`);
    const wrong = numbers.find((text) => !NUMBER.test(text));
    if (wrong !== undefined) throw new UsageError(`"${wrong}" is no number of postel queue list`);
    return { ids: numbers.map(Number), route, server: namedServer(line) };
  },
  async run({ ids, route, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const routed = new Set(await operateQueue(invocation, server, (queue) => queue.route(ids, route)));
    const how = route === null ? 'goes by what the rules say' : `goes by the route ${route}`;
    for (const id of routed) invocation.terminal.say(`${id}: ${how}`);
    const others = ids.filter((id) => !routed.has(id));
    if (others.length === 0) return;
    throw new CommandError(`Left alone, for it is in hand, finished, or not there: ${others.join(', ')}`);
  },
});

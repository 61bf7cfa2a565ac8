import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configRouteTest = defineCommand({
  name: 'config route test',
  operands: 'NAME [--to ADDRESS] [--from ADDRESS] [--send] [--json]',
  summary: 'try a way by which mail leaves, step by step',
  help: `Connects from here to each host, with TLS and login, and says what it finds. With --to it also asks whether the host takes mail
to that address, and takes that back: nothing is sent without --send.

Exit code: 0: each host does; 1: one does not.

  --to ADDRESS         as recipient; needed for routes to the servers of each domain, direct among them
  --from ADDRESS       as sender; else the user of the route, if that is an address, or postmaster of this server
  --send               send a short message to that address
  --json               a JSON object a step: text, isFailure
${SERVER_OPTIONS_HELP}

Examples:
  postel config route test provider
  postel config route test provider --to you@example.net --send
  postel config route test direct --to you@example.net`,
  options: {
    to: { type: 'string' },
    from: { type: 'string' },
    send: { type: 'boolean' },
    json: { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { name } = operands(line, 'name');
    const [to, from, sends] = [line.option('to'), line.option('from'), line.flag('send')];
    if (sends && to === null) throw new UsageError('--send needs --to');
    return { name, to, from, sends, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ name, to, from, sends, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const { tryRoute } = await import('../routes/try-route.ts');
    const { resolverFor } = await import('../domains/domain-server.ts');
    const { resolver } = await resolverFor(server, invocation);
    const { terminal } = invocation;
    const works = await useDirectory(invocation, server, async (directory, reached) =>
      tryRoute({ directory, resolver, ...reached }, name, { to, from, sends }, (step) => {
        if (asJson) terminal.say(JSON.stringify(step));
        else if (step.isFailure) terminal.say(`✗ ${step.text}`);
        else terminal.say(`  ${step.text}`);
      }),
    );
    if (!works) throw new CommandError(`The route ${name} does not do.`);
    if (!asJson) terminal.say(`The route ${name} does.`);
  },
});

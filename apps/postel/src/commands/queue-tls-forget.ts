import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { YES_HELP, YES_OPTION } from '../confirm-removal.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const HOSTS = 1_000;

export const queueTlsForget = defineCommand({
  name: 'queue tls forget',
  operands: 'HOST... [--yes]',
  summary: 'forget that mail servers had TLS, so that mail for them goes without',
  help: `HOST is what postel queue tls list shows. What the domain of the mail publishes (DANE, MTA-STS) holds all the
same. What waits goes when its time comes, or at once by postel queue retry. When the server has TLS again, that
is remembered again. Asks first: what has gone in the clear cannot be taken back.

${YES_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel queue tls forget mx.example.org
  postel queue tls forget mx.example.org mx2.example.org --yes`,
  options: { ...YES_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const { positionals } = line;
    if (positionals.length === 0) throw new UsageError('HOST missing');
    if (positionals.length > HOSTS) throw new UsageError(`More than ${HOSTS} hosts`);
    return {
      hosts: positionals.map((host) => host.toLowerCase()),
      isAgreed: line.flag('yes'),
      server: namedServer(line),
    };
  },
  async run({ hosts, isAgreed, server }, invocation) {
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { operateQueue } = await import('../operate-queue.ts');
    const { terminal } = invocation;
    const question = `Let mail go without TLS to ${hosts.length === 1 ? hosts[0] : `these ${hosts.length} servers`}?`;
    const forgotten = await operateQueue(invocation, server, async (queue, signal) => {
      if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return null;
      return new Set(await queue.forgetTlsHosts(hosts));
    });
    if (forgotten === null) return;
    for (const host of forgotten) terminal.say(`${host}: forgotten`);
    const others = hosts.filter((host) => !forgotten.has(host));
    if (others.length > 0) throw new CommandError(`Not known to have had TLS: ${others.join(', ')}`);
  },
});

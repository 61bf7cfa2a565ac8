import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const HOSTS = 1_000;

export const queueTlsForget = defineCommand({
  name: 'queue tls forget',
  operands: 'HOST...',
  summary: 'forget that mail servers had TLS, so that mail for them goes without',
  help: `HOST is what postel queue tls list shows. What the domain of the mail publishes (DANE, MTA-STS) holds all the
same. What waits goes when its time comes, or at once by postel queue retry. When the server has TLS again, that
is remembered again.

${SERVER_OPTIONS_HELP}

Example:
  postel queue tls forget mx.example.org`,
  options: SERVER_OPTIONS,
  parse(line) {
    const { positionals } = line;
    if (positionals.length === 0) throw new UsageError('HOST missing');
    if (positionals.length > HOSTS) throw new UsageError(`More than ${HOSTS} hosts`);
    return { hosts: positionals.map((host) => host.toLowerCase()), server: namedServer(line) };
  },
  async run({ hosts, server }, invocation) {
    const { operateQueue } = await import('../operate-queue.ts');
    const forgotten = new Set(await operateQueue(invocation, server, (queue) => queue.forgetTlsHosts(hosts)));
    for (const host of forgotten) invocation.terminal.say(`${host}: forgotten`);
    const others = hosts.filter((host) => !forgotten.has(host));
    if (others.length > 0) throw new CommandError(`Not known to have had TLS: ${others.join(', ')}`);
  },
});

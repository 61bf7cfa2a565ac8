import { defineCommand } from '../command.ts';
import { LOCALSERVE_DIRECTORY } from '../data-directory/data-directory.ts';
import { DATABASE_URL_OPTION, databaseUrl } from '../database-url.ts';
import { portsAt } from '../localserve/ports.ts';
import { operands } from '../operands.ts';

/** Standard port + 1000. */
const DEFAULT_PORT_OFFSET = '1000';

export const localserve = defineCommand({
  name: 'localserve',
  operands: '[--port-offset N] [--database-url URL]',
  summary: 'a complete mail server on this machine, for trying and testing',
  help: `Everything listens on 127.0.0.1 only, with a database, a certificate authority and two accounts of its
own, which are made at the first start. It stops on Ctrl-C or SIGTERM.

  --data DIR          where all of it is kept (default ./data/localserve)
  --port-offset N     port = standard port + N (default 1000: MX on 1025, LMTP on 1024, IMAP on 1143,
                      IMAPS on 1993, submission on 1587 and 1465, /healthz and /metrics on 1081)
  --database-url URL  a Postgres of your own (18 or newer) in the place of the embedded one; also
                      from the environment variable DATABASE_URL

Examples:
  postel localserve
  postel localserve --data ./data/second --port-offset 2000`,
  options: { 'port-offset': { type: 'string' }, ...DATABASE_URL_OPTION },
  parse(line) {
    operands(line);
    return { ports: portsAt(line.option('port-offset') ?? DEFAULT_PORT_OFFSET), databaseUrl: databaseUrl(line) };
  },
  async run({ ports, databaseUrl }, { dataDirectory: named, terminal }) {
    const dataDirectory = named ?? LOCALSERVE_DIRECTORY;
    const { runLocalServer } = await import('../localserve/run-local-server.ts');
    await runLocalServer({ dataDirectory, ports, databaseUrl }, terminal);
  },
});

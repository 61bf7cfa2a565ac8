import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NONE = 'none';

export const configDomainUpdate = defineCommand({
  name: 'config domain update',
  operands: 'DOMAIN [--catchall ACCOUNT] [--separators S] [--case C]',
  summary: 'change how addresses of a domain are read, and who gets the rest',
  help: `  --catchall ACCOUNT   gets mail for addresses that do not exist; none: it is refused
  --separators S       some of + - _ . = # : with "+-", mail for mary+shop and mary-shop goes to mary, unless these are
                       addresses of their own; none: no details. A new domain has "+"
  --case C             ignore: Mary is mary, as in a new domain; keep: they are two, and one may exist without the
                       other. postmaster and abuse are found in any case
${SERVER_OPTIONS_HELP}

Examples:
  postel config domain update example.com --catchall mary
  postel config domain update example.com --separators +- --case ignore
  postel config domain update example.com --catchall none`,
  options: {
    catchall: { type: 'string' },
    separators: { type: 'string' },
    case: { type: 'string' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { domain } = operands(line, 'domain');
    const catchall = line.option('catchall');
    const separators = line.option('separators');
    const letterCase = line.option('case');
    if (catchall === null && separators === null && letterCase === null) throw new UsageError('what is to change?');
    if (letterCase !== null && letterCase !== 'ignore' && letterCase !== 'keep') {
      throw new UsageError('--case is ignore or keep');
    }
    const change = {
      ...(separators === null ? {} : { separators: separators === NONE ? '' : separators }),
      ...(letterCase === null ? {} : { isCaseSensitive: letterCase === 'keep' }),
    };
    return { domain, catchall, change, server: namedServer(line) };
  },
  async run({ domain, catchall, change, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, async (directory) => {
      await directory.changeDomain(domain, change);
      if (catchall !== null) await directory.setCatchall(domain, catchall === NONE ? null : catchall);
    });
    invocation.terminal.say(`Changed domain ${domain}.`);
  },
});

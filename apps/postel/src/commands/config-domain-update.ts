import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const NONE = 'none';
/** As the directory has them, which short commands load only when they run. */
const MTA_STS_MODES = ['testing', 'enforce', 'none'] as const;

export const configDomainUpdate = defineCommand({
  name: 'config domain update',
  operands: 'DOMAIN [--catchall ACCOUNT] [--separators S] [--case C] [--mta-sts MODE]',
  summary: 'change how addresses of a domain are read, who gets the rest, and its MTA-STS policy',
  help: `  --catchall ACCOUNT   gets mail for addresses that do not exist; none: it is refused
  --separators S       some of + - _ . = # : with "+-", mail for mary+shop and mary-shop goes to mary, unless these are
                       addresses of their own; none: no details. A new domain has "+"
  --case C             ignore: Mary is mary, as in a new domain; keep: they are two, and one may exist without the
                       other. postmaster and abuse are found in any case
  --mta-sts MODE       of the policy by which others send to it under TLS (RFC 8461). testing: they report what is wrong
                       and deliver, as to a new domain; enforce: they deliver under TLS and to this host alone; none:
                       as if there were no policy. Publish the record anew then: its id changes with the mode
${SERVER_OPTIONS_HELP}

Examples:
  postel config domain update example.com --catchall mary
  postel config domain update example.com --separators +- --case ignore
  postel config domain update example.com --catchall none
  postel config domain update example.com --mta-sts enforce && postel config dnscheck example.com`,
  options: {
    catchall: { type: 'string' },
    separators: { type: 'string' },
    case: { type: 'string' },
    'mta-sts': { type: 'string' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { domain } = operands(line, 'domain');
    const catchall = line.option('catchall');
    const separators = line.option('separators');
    const letterCase = line.option('case');
    const mode = line.option('mta-sts');
    if ([catchall, separators, letterCase, mode].every((option) => option === null))
      throw new UsageError('what is to change?');
    if (letterCase !== null && letterCase !== 'ignore' && letterCase !== 'keep') {
      throw new UsageError('--case is ignore or keep');
    }
    const mtaSts = mode === null ? null : (MTA_STS_MODES.find((each) => each === mode) ?? null);
    if (mode !== null && mtaSts === null) throw new UsageError(`--mta-sts is ${MTA_STS_MODES.join(', ')}`);
    const change = {
      ...(separators === null ? {} : { separators: separators === NONE ? '' : separators }),
      ...(letterCase === null ? {} : { isCaseSensitive: letterCase === 'keep' }),
      ...(mtaSts === null ? {} : { mtaSts }),
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
    if (change.mtaSts !== undefined) {
      invocation.terminal.note(`Its record _mta-sts has another id now: postel config dnsrecords ${domain}`);
    }
  },
});

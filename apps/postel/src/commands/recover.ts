import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const recover = defineCommand({
  name: 'recover',
  operands: '[ACCOUNT]',
  summary: 'let accounts go on whose database was restored or lost changes',
  help: `A database that is older than what the server has seen of it, or that is on another server than before, could give UIDs
a second time. Its accounts take no changes then: IMAP connections end, and mail waits with its sender. This gives
every mailbox of an account a new UIDVALIDITY, so that mail programs fetch it anew, and lets the account go on. The
server may run meanwhile. Without ACCOUNT: all accounts that wait for it. The one that is named: whether it waits or not.

  --all                every account, whether it waits or not: after the whole data directory came from a backup,
                       which the server cannot find out
  --nothing-lost       let accounts that wait go on as they are: after a move to another server or an upgrade of
                       Postgres, with mail stopped meanwhile. Refused for accounts that are older than what was seen

${SERVER_OPTIONS_HELP}

Exit status: 0 done, 1 some account still waits or it could not be done.

Examples:
  postel recover
  postel recover mary
  postel recover --all --config /etc/postel/postel.yaml`,
  options: { ...SERVER_OPTIONS, all: { type: 'boolean' }, 'nothing-lost': { type: 'boolean' } },
  parse(line) {
    const [account = null, extra] = line.positionals;
    if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
    const isAll = line.flag('all');
    const isNothingLost = line.flag('nothing-lost');
    if (isAll && account !== null) throw new UsageError(`--all is more than ${account}: say one of them`);
    if (isAll && isNothingLost) throw new UsageError('--nothing-lost is for accounts that wait: leave --all away');
    return { account, isAll, isNothingLost, server: namedServer(line) };
  },

  async run(args, invocation) {
    const { runRecover } = await import('../recover/run-recover.ts');
    await runRecover(args, invocation);
  },
});

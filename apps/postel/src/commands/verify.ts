import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const verify = defineCommand({
  name: 'verify',
  operands: '[ACCOUNT]',
  summary: 'recompute what is stored, and tell what does not agree',
  help: `Recomputes everything that is stored of an account, or of all: counters, quota use, UIDs and modseqs, and from the
octets of each message its checksum, sizes and structure. The server may run and mail may come in meanwhile.

  --fix                repair what can be repaired without guessing; what cannot is told with account, mailbox, UID
                       and Message-ID
  --quick              leave the octets of messages unread; not together with --fix
  --json               a JSON object a line for each finding

${SERVER_OPTIONS_HELP}

Findings go to standard output, a line each: if there is none, it stays empty. What is being done goes to standard error.
Exit status: 0 nothing found, 1 something found (also if it was repaired), 2 it could not be done.

Examples:
  postel verify
  postel verify mary --fix
  postel verify --quick --config /etc/postel/postel.yaml`,
  options: { ...SERVER_OPTIONS, fix: { type: 'boolean' }, quick: { type: 'boolean' }, json: { type: 'boolean' } },
  parse(line) {
    const [account = null, extra] = line.positionals;
    if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
    const fix = line.flag('fix');
    const isQuick = line.flag('quick');
    if (fix && isQuick) throw new UsageError('--fix needs what --quick leaves unread: say one of them');
    return { account, fix, isQuick, asJson: line.flag('json'), server: namedServer(line) };
  },

  async run(args, invocation) {
    const { runVerify } = await import('../verify/run-verify.ts');
    await runVerify(args, invocation);
  },
});

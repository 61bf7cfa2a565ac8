import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const verify = defineCommand({
  name: 'verify',
  operands: '[ACCOUNT]',
  summary: 'recompute what is stored, and tell what does not agree',
  help: `Recomputes counters, quota use, UIDs and modseqs of one account, or of all, while the server runs and mail
comes in. Findings go to standard output, a line each; what is being done goes to standard error.

Exit status: 0 nothing found, 1 something found, 2 it could not be done.

${SERVER_OPTIONS_HELP}

Examples:
  postel verify
  postel verify mary`,
  options: SERVER_OPTIONS,
  parse(line) {
    const [account, extra] = line.positionals;
    if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
    return { account: account ?? null, server: namedServer(line) };
  },

  async run({ account, server }, invocation) {
    const { runVerify } = await import('../verify/run-verify.ts');
    await runVerify({ account, server }, invocation);
  },
});

import type { NewAppPassword } from '@postel/directory';
import { type CommandLine, defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { parseUntil, UNTIL_HELP } from '../moment.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountApppasswordAdd = defineCommand({
  name: 'config account apppassword add',
  operands: 'ACCOUNT NAME [--for imap|smtp] [--expires TIME] [--from CIDR]... [--legacy-mechanisms]',
  summary: 'make a password for one program or device of an account',
  help: `The password is made up and shown this once. It is to be entered as it is shown, hyphens too, together with the
account's name or one of its addresses. NAME is what you will know it by: one for each device, so that a lost one can be
taken back alone. An account has 49 at most.

  --for imap|smtp      for reading mail alone, or for sending it alone; without this for both
  --expires TIME       ${UNTIL_HELP}
  --from CIDR          only from this network, or address; may be said 20 times
  --legacy-mechanisms  for programs that know no better than CRAM-MD5 and DIGEST-MD5. The password itself is then kept
                       in the database, where others are not. These two are then offered to all who come by what
                       --for and --from say; programs that prefer them, curl for instance, fail there with any
                       other password: say both
${SERVER_OPTIONS_HELP}

Examples:
  postel config account apppassword add mary phone
  postel config account apppassword add mary 'backup script' --for imap --expires 90d --from 192.0.2.0/24
  postel config account apppassword add mary scanner --for smtp --from 192.0.2.7 --legacy-mechanisms`,
  options: {
    for: { type: 'string' },
    expires: { type: 'string' },
    from: { type: 'string', multiple: true },
    'legacy-mechanisms': { type: 'boolean' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { account, name } = operands(line, 'account', 'name');
    const expires = line.option('expires');
    const networks = line.optionValues('from');
    const appPassword: NewAppPassword = {
      name,
      service: serviceOption(line),
      expiresAt: expires === null ? null : new Date(parseUntil('expires', expires)),
      networks: networks.length === 0 ? null : networks,
      isShared: line.flag('legacy-mechanisms'),
    };
    return { account, appPassword, server: namedServer(line) };
  },
  async run({ account, appPassword, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const password = await useDirectory(invocation, server, (directory) =>
      directory.appPasswords.add(account, appPassword),
    );
    invocation.terminal.say(`Added an app password to account ${account}. It is, shown this once: ${password}`);
  },
});

/** @throws {UsageError} */
function serviceOption(line: CommandLine): NewAppPassword['service'] {
  const service = line.option('for');
  if (service === null || service === 'imap' || service === 'smtp') return service;
  throw new UsageError('--for takes imap or smtp');
}

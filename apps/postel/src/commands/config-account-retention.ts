import type { RetentionChange } from '@postel/directory';
import { type CommandLine, defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const MOST_DAYS = 36_500;
const MOST_MB = 1_000_000_000;
const MB = 1_048_576;

export const configAccountRetention = defineCommand({
  name: 'config account retention',
  operands: 'ACCOUNT [--days N] [--limit-mb N] [--json]',
  summary: 'say or change how long removed messages can be brought back',
  help: `Messages that were expunged, or deleted with their mailbox, can be brought back for some days (postel help
undelete). They do not count towards the quota. Beyond the limit the oldest go first.

  --days N             so many days; 0: not at all; default: 7 days
  --limit-mb N         so many MB (1,048,576 octets) of them; default: as many as the quota has, but 1,024 at
                       least, and without a limit if the account has no quota
  --json               one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config account retention mary
  postel config account retention mary --days 30 --limit-mb 5000
  postel config account retention mary --days default`,
  options: { json: { type: 'boolean' }, days: { type: 'string' }, 'limit-mb': { type: 'string' }, ...SERVER_OPTIONS },
  parse(line) {
    const { account } = operands(line, 'account');
    const days = numberOption(line, 'days', MOST_DAYS);
    const limit = numberOption(line, 'limit-mb', MOST_MB);
    const change: RetentionChange = {
      ...(days === undefined ? {} : { days }),
      ...(limit === undefined ? {} : { limitOctets: limit === null ? null : limit * MB }),
    };
    return { account, change, asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ account, change, asJson, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    const retention = await useDirectory(invocation, server, async (directory) => {
      await directory.changeRetention(account, change);
      return directory.readRetention(account);
    });
    if (asJson) {
      invocation.terminal.say(JSON.stringify(retention));
      return;
    }
    const { days, isDefaultDays, limitOctets, isDefaultLimit, retainedOctets } = retention;
    const byDefault = (isDefault: boolean) => (isDefault ? ' (default)' : '');
    const limit = limitOctets === null ? 'without a limit' : `at most ${printableSize(limitOctets)}`;
    const time = days === 0 ? 'are not kept' : `are kept for ${days === 1 ? '1 day' : `${days} days`}`;
    invocation.terminal.say(
      `Removed messages of account ${account} ${time}${byDefault(isDefaultDays)}, ` +
        `${limit}${byDefault(isDefaultLimit)}. There are ${printableSize(retainedOctets)} of them now.`,
    );
  },
});

/** Undefined if it was not given, null for `default`. @throws {UsageError} */
function numberOption(line: CommandLine, option: string, most: number): number | null | undefined {
  const text = line.option(option);
  if (text === null) return undefined;
  if (text === 'default') return null;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= most)) throw new UsageError(`--${option} takes a number up to ${most}, or "default"`);
  return number;
}

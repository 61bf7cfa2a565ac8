import type { HoldRule } from '@postel/queue';
import type { CommandLine } from './command.ts';
import { UsageError } from './command-error.ts';

/** What a rule is for: one of three options. */
export const HOLD_RULE_OPTIONS = {
  sender: { type: 'string' },
  domain: { type: 'string' },
  account: { type: 'string' },
} as const;

export const HOLD_RULE_HELP = `  --sender ADDRESS     mail from this address (MAIL FROM)
  --domain DOMAIN      mail to this domain
  --account ACCOUNT    mail that this account submitted`;

/** @throws {UsageError} */
export function holdRuleOf(line: CommandLine): HoldRule {
  const given = (['sender', 'domain', 'account'] as const).flatMap((kind): HoldRule[] => {
    const value = line.option(kind);
    return value === null ? [] : [{ kind, value }];
  });
  const [rule, ...others] = given;
  if (rule === undefined || others.length > 0)
    throw new UsageError('One of --sender, --domain and --account is needed');
  if (rule.kind === 'sender' && !rule.value.includes('@')) throw new UsageError('--sender takes an address');
  return rule;
}

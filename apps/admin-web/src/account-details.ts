import type { Directory } from '@postel/directory';
import type { Static } from 'typebox';
import { Problem } from './problem.ts';
import type { AccountDetails, ChangedAccount } from './schemas/admin.ts';

/** By which an account is read: in a transaction, where that matters. */
type AccountReads = Pick<Directory, 'readAccount' | 'addresses' | 'quotas' | 'submission' | 'readRetention'>;

/** An account with its limits, as administrators see it. @throws {DirectoryError} 'no-such-account' */
export async function readAccountDetails(directory: AccountReads, name: string): Promise<AccountDetails> {
  const account = await directory.readAccount(name);
  const [addresses, quota, sending, retention] = await Promise.all([
    directory.addresses.list(name),
    directory.quotas.read(name),
    directory.submission.read(name),
    directory.readRetention(name),
  ]);
  const { limits, isOwn } = quota;
  const amount = (of: 'octets' | 'messages' | 'mailboxes') => ({ limit: limits[of], isOwn: isOwn[of] });
  const sendingLimit = (of: 'messagesADay' | 'newRecipientsADay' | 'messageOctets') => ({
    limit: sending[of],
    isOwn: sending.isOwn[of],
  });
  return {
    name,
    addresses: addresses.map(({ address, mailbox }) => ({ address, mailbox })),
    createdAt: account.createdAt.toISOString(),
    isDisabled: account.isDisabled,
    hasSecondFactor: account.hasSecondFactor,
    role: account.role,
    administers: [...account.administers],
    octets: amount('octets'),
    messages: amount('messages'),
    mailboxes: amount('mailboxes'),
    messagesADay: sendingLimit('messagesADay'),
    newRecipientsADay: sendingLimit('newRecipientsADay'),
    messageOctets: sendingLimit('messageOctets'),
    keepsSent: sending.keepsSent,
    retentionDays: { limit: retention.days, isOwn: !retention.isDefaultDays },
    retentionOctets: { limit: retention.limitOctets, isOwn: !retention.isDefaultLimit },
  };
}

/**
 * That an administrator of domains gives no more than all have by default, or than the owner gave this account.
 *
 * @throws {Problem} 403, `above-limit`
 */
export async function requireAllowedLimits(
  directory: Pick<Directory, 'quotas' | 'submission'>,
  shown: AccountDetails,
  change: Static<typeof ChangedAccount>,
): Promise<void> {
  const byDefault = { ...(await directory.quotas.readDefault()), ...(await directory.submission.readDefault()) };
  for (const of of LIMITS) {
    const wanted = change[of];
    if (wanted === undefined || wanted === 'default') continue;
    if (isWithin(wanted, byDefault[of]) || isWithin(wanted, shown[of].limit)) continue;
    throw new Problem(
      403,
      'above-limit',
      `${of} cannot be above what all have by default: ask the owner of the server.`,
    );
  }
}

const LIMITS = ['octets', 'messages', 'mailboxes', 'messagesADay', 'newRecipientsADay', 'messageOctets'] as const;

/** Null: no limit. */
const isWithin = (wanted: number | null, limit: number | null): boolean =>
  limit === null || (wanted !== null && wanted <= limit);

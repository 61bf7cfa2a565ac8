import { type Quota, type QuotaState, type QuotaUse, quotaState } from '@postel/quota';
import type { FoundMailbox } from '@postel/storage';
import { seesQuota } from './quota-root.ts';
import { writeResponseCode } from './response-code.ts';
import type { Session } from './session.ts';

const RANK = { low: 0, near: 1, full: 2 } as const;

/**
 * Tells the owner of a mailbox when its account comes near its quota (RFC 9208 §4.3.1), and when it is full: then mail is
 * turned away, which everybody wants to know at once. Once a session, and again when there was room meanwhile.
 *
 * For commands that select a mailbox or add messages; §4.3.1 allows it in no others.
 */
export function warnOfQuota(session: Session, { account, quota }: Pick<FoundMailbox, 'account' | 'quota'>): void {
  if (account !== session.account.accountId || !seesQuota(session)) return;
  const { level, fullest } = quotaState(quota);
  const isWorse = RANK[level] > RANK[session.quotaLevel];
  session.quotaLevel = level;
  if (!isWorse || fullest === null) return;
  writeResponseCode(session.out.text('* NO '), level === 'full' ? 'ALERT' : 'OVERQUOTA');
  const consequence = level === 'full' ? '. Mail that comes is turned away until you make room' : '';
  session.out.humanText(`${inWords(fullest)}${consequence}`).crlf();
}

function inWords({ name, usage, limit, percent }: NonNullable<QuotaState['fullest']>): string {
  if (name === 'MESSAGE') return `${percent} % of your message quota is used: ${usage} of ${limit}`;
  const isSmall = limit < 10 * UNITS_A_MB;
  const amounts = isSmall ? `${usage} of ${limit} kB` : `${inMb(usage)} of ${inMb(limit)} MB`;
  return `${percent} % of your storage quota is used: ${amounts}`;
}

const UNITS_A_MB = 1_024;
const inMb = (units: number): number => Math.ceil(units / UNITS_A_MB);

/**
 * As `warnOfQuota`, behind messages that were added to a mailbox. The database is asked only where there can be something to
 * warn of.
 *
 * @param target as it was found before
 * @param added at most
 */
export async function warnAfterAdding(
  session: Session,
  { account, quota: { use, limits } }: FoundMailbox,
  added: Pick<QuotaUse, 'octets' | 'messages'>,
): Promise<void> {
  const atMost = { ...use, octets: use.octets + added.octets, messages: use.messages + added.messages };
  let quota: Quota = { use: atMost, limits };
  if (quotaState(quota).level !== 'low') {
    try {
      quota = await session.store.readQuota(account);
    } catch (error) {
      session.log.warn({ err: error }, 'the use of a quota could not be told'); // the messages are there all the same
      return;
    }
  }
  warnOfQuota(session, { account, quota });
}

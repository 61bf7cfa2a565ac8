import type { Arguments } from '@postel/imap-wire';
import { prepareUsername } from '@postel/sasl';
import type { Grantee } from '@postel/storage';
import { Bad, No } from './command.ts';
import type { KnownMailbox } from './find-mailbox.ts';
import type { Session } from './session.ts';

/** Everybody, also who logs in by ANONYMOUS: RFC 4314 §2. */
const ANYONE = 'anyone';
const NEGATIVE = '-';

/** Whom an entry in the list of a mailbox is about. The owner has all rights: no entry changes them. */
export type Identified = Grantee | 'owner';

/** An identifier as the client wrote it. */
export const parseIdentifier = (args: Arguments): string => args.astring();

/**
 * Whom an identifier stands for: an account by what it may log in with, `anyone`, or with `-` in front one of them whose rights are
 * taken away. There are no groups.
 *
 * @throws {Bad} if SASLprep refuses it, or leaves nothing of it (RFC 4314 §3)
 * @throws {No} [CANNOT] if it is nobody
 */
export async function identify(session: Session, mailbox: KnownMailbox, identifier: string): Promise<Identified> {
  const prepared = await prepareUsername(identifier, 'query');
  if (prepared === null || prepared === '' || prepared === NEGATIVE) throw new Bad('Not an identifier');
  const isNegative = prepared.startsWith(NEGATIVE);
  const name = isNegative ? prepared.slice(NEGATIVE.length) : prepared;
  if (name === ANYONE) return { account: null, isNegative };
  const account = await session.services.directory.identify(name);
  if (account === null) throw new No('There is nobody of that name', 'CANNOT');
  return account.accountId === mailbox.account ? 'owner' : { account: account.accountId, isNegative };
}

/** As an entry is told. */
export function formatIdentifier(name: string | null, { isNegative }: Pick<Grantee, 'isNegative'>): string {
  return `${isNegative ? NEGATIVE : ''}${name ?? ANYONE}`;
}

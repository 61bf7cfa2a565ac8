import { type QuotaUse, roomOctets } from '@postel/quota';
import { type CopyTarget, type MailboxId, StorageError } from '@postel/storage';
import { No } from './command.ts';
import { findMailbox, type KnownMailbox } from './find-mailbox.ts';
import { requireMailboxName } from './mailbox-name.ts';
import { copiedFlags } from './rights.ts';
import type { Session } from './session.ts';

/**
 * The mailbox that APPEND, COPY and MOVE name.
 *
 * @throws {No} [TRYCREATE] if there is none, unless none can have that name (RFC 3501 §6.3.11, §6.4.7); also if there is one of
 *   somebody else that nobody is to know of; [NOPERM]; [CANNOT] if it is Rejects: it counts to no quota, and what is in it goes
 */
export async function findTarget(session: Session, name: string): Promise<KnownMailbox> {
  const mailbox = await findMailbox(session, name, 'i');
  if (mailbox?.isRejects === true) throw new No('This mailbox takes only mail that was not delivered', 'CANNOT');
  if (mailbox !== null) return mailbox;
  requireMailboxName(name); // throws if it cannot be created
  throw new No('No such mailbox', 'TRYCREATE');
}

/** A client that appends one message after the other waits for one answer of the database each time, not for two. */
const REMEMBERED_MS = 1_000;

export interface AppendTarget extends KnownMailbox {
  /** As the store takes it: one that was found before by its name, so that it is asked for there. */
  readonly into: MailboxId | string;
}

/** What a session need not ask for again so soon: no right to it is in question, and the transaction knows what the quota leaves. */
export interface RememberedTarget {
  readonly name: string;
  readonly mailbox: AppendTarget;
  readonly foundAt: number;
}

/**
 * As findTarget, of the mailbox that APPEND names. What was found before is good enough where the transaction may still refuse the
 * message, and where it had room for it.
 *
 * @param comingOctets of a message that comes whatever is found; null if the client waits to be asked for it
 */
export async function findAppendTarget(
  session: Session,
  name: string,
  comingOctets: number | null,
): Promise<AppendTarget> {
  const { lastTarget } = session;
  const isFresh = lastTarget?.name === name && performance.now() - lastTarget.foundAt < REMEMBERED_MS;
  if (isFresh && comingOctets !== null) {
    const room = roomOctets(lastTarget.mailbox.quota);
    if (room === null || comingOctets <= room) return lastTarget.mailbox;
  }
  const found = await findTarget(session, name);
  const isOwn = found.account === session.account.accountId && found.ownName === name;
  session.lastTarget = isOwn
    ? { name, mailbox: { ...found, into: name, roomOctets: null }, foundAt: performance.now() }
    : null;
  return { ...found, into: found.id };
}

/** Counts what the command in hand added to the mailbox, so that the next one knows when its quota is near. */
export function countAdded(session: Session, { octets, messages }: Pick<QuotaUse, 'octets' | 'messages'>): void {
  const { lastTarget } = session;
  if (lastTarget === null) return;
  const { quota, ...mailbox } = lastTarget.mailbox;
  const use = { ...quota.use, octets: quota.use.octets + octets, messages: quota.use.messages + messages };
  session.lastTarget = { ...lastTarget, mailbox: { ...mailbox, quota: { ...quota, use } } };
}

/** As the store takes it, with what flags may come along. */
export function copyTarget({ account, id, rights }: KnownMailbox): CopyTarget {
  const flags = copiedFlags(rights);
  return { account, id, ...(flags !== undefined && { flags }) };
}

/** The target was deleted after it was found. Throws whatever else it is given. */
export function goneMeansTryCreate(error: unknown): never {
  if (error instanceof StorageError && error.kind === 'nonexistent') throw new No('No such mailbox', 'TRYCREATE');
  throw error;
}

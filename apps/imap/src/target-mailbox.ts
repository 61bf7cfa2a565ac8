import { type CopyTarget, StorageError } from '@postel/storage';
import { No } from './command.ts';
import { findMailbox, type KnownMailbox } from './find-mailbox.ts';
import { requireMailboxName } from './mailbox-name.ts';
import { copiedFlags } from './rights.ts';
import type { Session } from './session.ts';

/**
 * The mailbox that APPEND, COPY and MOVE name.
 *
 * @throws {No} [TRYCREATE] if there is none, unless none can have that name (RFC 3501 §6.3.11, §6.4.7); also if there is one of
 *   somebody else that nobody is to know of; [NOPERM]
 */
export async function findTarget(session: Session, name: string): Promise<KnownMailbox> {
  const mailbox = await findMailbox(session, name, 'i');
  if (mailbox !== null) return mailbox;
  requireMailboxName(name); // throws if it cannot be created
  throw new No('No such mailbox', 'TRYCREATE');
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

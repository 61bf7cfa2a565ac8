import type { FoundMailbox } from '@postel/storage';
import { No } from './command.ts';
import type { Session } from './session.ts';

/** The mailbox of that name, as whoever is logged in may know it; null if there is none. */
export function findMailbox({ store, account }: Session, name: string): Promise<FoundMailbox | null> {
  return store.findMailbox(account.accountId, name);
}

/** @throws {No} [NONEXISTENT] */
export async function requireMailbox(session: Session, name: string): Promise<FoundMailbox> {
  const mailbox = await findMailbox(session, name);
  if (mailbox === null) throw new No('No such mailbox', 'NONEXISTENT');
  return mailbox;
}

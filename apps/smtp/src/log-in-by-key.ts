import type { AuthenticatedAccount } from '@postel/directory';
import type { Session } from './session.ts';

/** How the login is called in the history, that no mechanism made: the handshake did. */
const TLS_PUBLIC_KEY = 'TLS-PUBLIC-KEY';

/**
 * Logs in whoever the client's key identifies.
 *
 * @returns false if it identifies nobody, or not any more
 * @throws {DirectoryError} if that cannot be told now
 */
export async function logInByKey(session: Session): Promise<boolean> {
  if (session.clientKey === null) return false;
  const attempt = session.services.directory.beginLogin(session.loginContext, TLS_PUBLIC_KEY);
  if (session.greeting !== null) attempt.nameProgram(session.greeting.clientName);
  let identity: AuthenticatedAccount | null;
  try {
    identity = await attempt.findExternalIdentity();
  } catch (error) {
    attempt.settle('unavailable');
    throw error;
  }
  if (identity === null) {
    attempt.settle('credentials');
    return false;
  }
  attempt.settle('success', identity);
  session.loggedIn(identity);
  return true;
}

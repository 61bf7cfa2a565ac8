import { setTimeout as delay } from 'node:timers/promises';
import { type AuthenticatedAccount, DirectoryError, type LoginAttempt } from '@postel/directory';
import type { ServerFailure } from '@postel/sasl';
import { capabilities } from './capabilities.ts';
import { Bad, No, type Ok, ok } from './command.ts';
import { LOGIN_FAILURE_MS, LOGIN_FAILURES } from './limits.ts';
import type { Session } from './session.ts';

/** How a login is called in the history that no mechanism made: the handshake did. */
const TLS_PUBLIC_KEY = 'TLS-PUBLIC-KEY';

export type LoginResult =
  | { readonly type: 'success'; readonly identity: AuthenticatedAccount }
  | { readonly type: 'failure'; readonly reason: ServerFailure };

/**
 * What LOGIN and AUTHENTICATE do with a login, and answer (RFC 9051 §6.2.2, RFC 5530 §3): the same text whether the account
 * exists or not, and later with every failure.
 *
 * @param mechanism the SASL mechanism; `LOGIN` also for the command
 */
export async function logIn(
  session: Session,
  mechanism: string,
  check: (attempt: LoginAttempt) => Promise<LoginResult>,
): Promise<Ok> {
  const attempt = session.beginLogin(mechanism);
  const result = await settled(attempt, check);
  const { logins } = session.services.metrics;
  if (result.type === 'success') {
    if (result.delayMs > 0) await delay(result.delayMs);
    logins.inc({ outcome: 'success' });
    session.logIn(result.identity);
    return ok('Logged in', { type: 'CAPABILITY', names: capabilities(session) });
  }
  const reason = attempt.refusal === null ? result.reason : 'limited';
  logins.inc({ outcome: reason });
  session.log.info({ reason }, 'login refused');
  if (result.reason === 'malformed') throw new Bad('Malformed response');
  const failures = ++session.loginFailures;
  const isLast = failures >= LOGIN_FAILURES;
  await delay(result.delayMs + (isLast ? 0 : LOGIN_FAILURE_MS * failures));
  if (isLast) session.bye('Too many failed logins');
  if (attempt.refusal !== null) throw attempt.refusal;
  throw result.reason === 'authorization'
    ? new No('Not allowed to act as that user', 'AUTHORIZATIONFAILED')
    : new No('Wrong user or password', 'AUTHENTICATIONFAILED');
}

/** Logs in whoever the client's key identifies. @returns false if that cannot be now: other means of login stay */
export async function logInByKey(session: Session): Promise<boolean> {
  const attempt = session.beginLogin(TLS_PUBLIC_KEY);
  try {
    const result = await settled(attempt, async () => {
      const identity = await attempt.findExternalIdentity();
      return identity === null ? { type: 'failure', reason: 'credentials' } : { type: 'success', identity };
    });
    session.services.metrics.logins.inc({ outcome: result.type === 'success' ? 'success' : result.reason });
    if (result.type === 'failure') return false;
    session.logIn(result.identity);
    return true;
  } catch (error) {
    session.log.warn({ err: error }, 'the client is not logged in by its key');
    return false;
  }
}

async function settled(attempt: LoginAttempt, check: (attempt: LoginAttempt) => Promise<LoginResult>) {
  try {
    const result = await check(attempt);
    const isSuccess = result.type === 'success';
    return {
      ...result,
      delayMs: isSuccess ? attempt.settle('success', result.identity) : attempt.settle(result.reason),
    };
  } catch (error) {
    attempt.settle(error instanceof DirectoryError ? 'unavailable' : 'cancelled');
    throw error;
  }
}

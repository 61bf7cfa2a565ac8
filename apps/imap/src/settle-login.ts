import { setTimeout as delay } from 'node:timers/promises';
import type { AuthenticatedAccount } from '@postel/directory';
import type { ServerFailure } from '@postel/sasl';
import { capabilities } from './capabilities.ts';
import { Bad, No, type Ok, ok } from './command.ts';
import { LOGIN_FAILURE_MS, LOGIN_FAILURES } from './limits.ts';
import type { Session } from './session.ts';

export type LoginOutcome =
  | { readonly type: 'success'; readonly identity: AuthenticatedAccount }
  | { readonly type: 'failure'; readonly reason: ServerFailure };

/**
 * What LOGIN and AUTHENTICATE answer (RFC 9051 §6.2.2, RFC 5530 §3): the same text whether the account exists or not, and
 * later with every failure.
 */
export async function settleLogin(session: Session, outcome: LoginOutcome): Promise<Ok> {
  const { logins } = session.services.metrics;
  if (outcome.type === 'success') {
    logins.inc({ outcome: 'success' });
    session.logIn(outcome.identity);
    return ok('Logged in', { type: 'CAPABILITY', names: capabilities(session) });
  }
  logins.inc({ outcome: outcome.reason });
  session.log.info({ reason: outcome.reason }, 'login refused');
  if (outcome.reason === 'malformed') throw new Bad('Malformed response');
  const failures = ++session.loginFailures;
  if (failures >= LOGIN_FAILURES) session.bye('Too many failed logins');
  else await delay(LOGIN_FAILURE_MS * failures);
  throw outcome.reason === 'authorization'
    ? new No('Not allowed to act as that user', 'AUTHORIZATIONFAILED')
    : new No('Wrong user or password', 'AUTHENTICATIONFAILED');
}

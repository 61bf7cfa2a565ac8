import type { AuthenticatedAccount } from '@postel/directory';
import type { ServerFailure } from '@postel/sasl';
import { capabilities } from './capabilities.ts';
import { Bad, No, type Ok, ok } from './command.ts';
import { LOGIN_FAILURES } from './limits.ts';
import type { Session } from './session.ts';

export type LoginOutcome =
  | { readonly type: 'success'; readonly identity: AuthenticatedAccount }
  | { readonly type: 'failure'; readonly reason: ServerFailure };

/** What LOGIN and AUTHENTICATE answer (RFC 9051 §6.2.2, RFC 5530 §3). The same text whether the account exists or not. */
export function settleLogin(session: Session, outcome: LoginOutcome): Ok {
  if (outcome.type === 'success') {
    session.logIn(outcome.identity);
    return ok('Logged in', { type: 'CAPABILITY', names: capabilities(session) });
  }
  session.log.info({ reason: outcome.reason }, 'login refused');
  if (++session.loginFailures >= LOGIN_FAILURES) session.bye('Too many failed logins');
  switch (outcome.reason) {
    case 'malformed':
      throw new Bad('Malformed response');
    case 'credentials':
      throw new No('Wrong user or password', 'AUTHENTICATIONFAILED');
    case 'authorization':
      throw new No('Not allowed to act as that user', 'AUTHORIZATIONFAILED');
    default:
      return outcome.reason satisfies never;
  }
}

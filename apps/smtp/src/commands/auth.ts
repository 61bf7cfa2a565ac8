import { type AuthenticatedAccount, DirectoryError, type LoginAttempt } from '@postel/directory';
import {
  chooseMechanism,
  decodeBase64,
  type ServerExchange,
  type ServerFailure,
  type ServerMechanism,
  type ServerStep,
} from '@postel/sasl';
import type { Command } from '../command.ts';
import { AUTH_RESPONSE_OCTETS } from '../limits.ts';
import { Hangup, replies, SmtpError, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';

interface AuthArgs {
  readonly mechanism: string;
  /** In base64; null if there is none. */
  readonly initialResponse: string | null;
}

type LoginResult = Exclude<ServerStep<AuthenticatedAccount>, { readonly type: 'challenge' }>;

/** The words of a failure. A response that breaks its mechanism's grammar is a refused login: mostly, an empty password. */
const failureReplies = {
  malformed: replies.wrongCredentials,
  credentials: replies.wrongCredentials,
  'channel-binding': replies.wrongCredentials,
  authorization: replies.wrongAuthorization,
} as const satisfies Record<ServerFailure, SmtpReply>;

/** AUTH: RFC 4954 §4. */
export const auth: Command<AuthArgs> = {
  name: 'AUTH',
  needs: 'greeting',

  parse(argument) {
    const [mechanism = '', initialResponse = null, ...more] = argument.split(' ');
    if (mechanism === '' || more.length > 0) throw new SmtpError(replies.badAuth);
    if (initialResponse !== null && initialResponse.length > AUTH_RESPONSE_OCTETS) {
      throw new SmtpError(replies.authLineTooLong);
    }
    return { mechanism, initialResponse };
  },

  async run(session, { mechanism, initialResponse }) {
    if (session.kind !== 'submission') return replies.noAuthHere;
    if (session.greeting?.verb !== 'EHLO') return replies.needsGreeting;
    if (session.account !== null) return replies.alreadyLoggedIn;
    if (session.transaction !== null) return replies.noAuthInTransaction;
    const allows = session.services.directory.mechanismsFor(session.loginContext);
    const choice = chooseMechanism(mechanism, session.security, allows);
    switch (choice.type) {
      case 'unknown':
        return replies.unknownMechanism;
      case 'not-allowed':
        return replies.authNotAllowed;
      case 'needs-tls':
        return replies.authNeedsTls;
      case 'offered':
        if (choice.mechanism.isServerFirst && initialResponse !== null) return replies.noInitialResponse;
        return await logIn(session, choice.mechanism, initialResponse);
      default:
        return choice satisfies never;
    }
  },
};

async function logIn(session: Session, mechanism: ServerMechanism, initialResponse: string | null): Promise<SmtpReply> {
  const attempt = session.services.directory.beginLogin(session.loginContext, mechanism.name);
  if (session.greeting !== null) attempt.nameProgram(session.greeting.clientName);
  const result = await settled(session, attempt, () =>
    converse(session, mechanism.start(attempt, session.security), initialResponse),
  );
  if (result.type === 'success') {
    if (result.delayMs > 0) await session.services.wait(result.delayMs);
    session.loggedIn(result.identity);
    return replies.loggedIn;
  }
  const { refusal } = attempt;
  await session.services.wait(result.delayMs);
  session.loginFailed(refusal === null ? 'failure' : 'limited');
  return refusal === null ? failureReplies[result.reason] : [454, '4.7.0', refusal.message];
}

async function settled(session: Session, attempt: LoginAttempt, converse: () => Promise<LoginResult>) {
  try {
    const result = await converse();
    const isSuccess = result.type === 'success';
    return {
      ...result,
      delayMs: isSuccess ? attempt.settle('success', result.identity) : attempt.settle(result.reason),
    };
  } catch (error) {
    const isUnavailable = error instanceof DirectoryError;
    attempt.settle(isUnavailable ? 'unavailable' : 'cancelled');
    if (!isUnavailable) throw error;
    session.log.warn({ err: error }, 'passwords cannot be checked');
    throw new SmtpError(replies.authUnavailable);
  }
}

async function converse(
  session: Session,
  exchange: ServerExchange<AuthenticatedAccount>,
  initialResponse: string | null,
): Promise<LoginResult> {
  let step = await exchange.next(initialResponse === null ? null : decodeInitialResponse(initialResponse));
  while (step.type === 'challenge') {
    await session.ask([334, null, step.challenge.toString('base64')]);
    step = await exchange.next(await readResponse(session));
  }
  return step;
}

/** @throws {SmtpError} 500 or 501; {Hangup} */
async function readResponse(session: Session): Promise<Buffer> {
  const line = await session.wire.readLine();
  switch (line.type) {
    case 'line': {
      if (line.octets.length > AUTH_RESPONSE_OCTETS) throw new SmtpError(replies.authLineTooLong);
      const text = line.octets.toString('latin1');
      if (text === '*') throw new SmtpError(replies.authCancelled);
      return decode(text);
    }
    case 'too-long':
      throw new SmtpError(replies.authLineTooLong);
    case 'endless':
      throw new Hangup(replies.authLineTooLong, 'an authentication response without end');
    case 'too-slow':
      throw new Hangup(replies.tooSlow, 'an authentication response that took too long');
    case 'bare-line-feed':
      throw new SmtpError(replies.bareLineFeed);
    case 'tls':
    case 'end':
      throw session.ended();
    default:
      throw line satisfies never;
  }
}

/** An empty initial response is sent as `=`. */
function decodeInitialResponse(text: string): Buffer {
  return text === '=' ? Buffer.alloc(0) : decode(text);
}

/** @throws {SmtpError} 501 */
function decode(text: string): Buffer {
  const octets = decodeBase64(text);
  if (octets === null) throw new SmtpError(replies.authNotBase64);
  return octets;
}

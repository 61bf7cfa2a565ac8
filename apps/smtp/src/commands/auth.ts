import { DirectoryError } from '@postel/directory';
import { chooseMechanism, decodeBase64, type ServerExchange, type ServerFailure } from '@postel/sasl';
import type { Command } from '../command.ts';
import { AUTH_RESPONSE_OCTETS } from '../limits.ts';
import { Hangup, replies, SmtpError, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';

interface AuthArgs {
  readonly mechanism: string;
  /** In base64; null if there is none. */
  readonly initialResponse: string | null;
}

/** The words of a failure. A response that breaks its mechanism's grammar is a refused login: mostly, an empty password. */
const failureReplies = {
  malformed: replies.wrongCredentials,
  credentials: replies.wrongCredentials,
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
    const choice = chooseMechanism(mechanism, session.security);
    switch (choice.type) {
      case 'unknown':
        return replies.unknownMechanism;
      case 'needs-tls':
        return replies.authNeedsTls;
      case 'offered':
        return await converse(
          session,
          choice.mechanism.start(session.services.directory, session.security),
          initialResponse === null ? null : decodeInitialResponse(initialResponse),
        );
      default:
        return choice satisfies never;
    }
  },
};

async function converse(
  session: Session,
  exchange: ServerExchange<NonNullable<Session['account']>>,
  initialResponse: Buffer | null,
): Promise<SmtpReply> {
  for (let response = initialResponse; ; ) {
    const step = await nextStep(session, exchange, response);
    switch (step.type) {
      case 'success':
        session.loggedIn(step.identity);
        return replies.loggedIn;
      case 'failure':
        session.loginFailed();
        return failureReplies[step.reason];
      case 'challenge':
        await session.ask([334, null, step.challenge.toString('base64')]);
        response = await readResponse(session);
        break;
      default:
        step satisfies never;
    }
  }
}

async function nextStep<Identity>(session: Session, exchange: ServerExchange<Identity>, response: Buffer | null) {
  try {
    return await exchange.next(response);
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    session.log.warn({ err: error }, 'passwords cannot be checked');
    throw new SmtpError(replies.authUnavailable);
  }
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

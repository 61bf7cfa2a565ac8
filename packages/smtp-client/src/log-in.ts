import {
  type ClientCredentials,
  type ClientExchange,
  chooseClientMechanism,
  decodeBase64,
  SaslError,
} from '@postel/sasl';
import { type SmtpReply, textOf } from './reply-parser.ts';
import type { SmtpConnection } from './smtp-connection.ts';
import { SmtpError } from './smtp-error.ts';

/** A command line: RFC 5321 §4.5.3.1.4. A longer initial response waits for the server's challenge (RFC 4954 §4). */
const MAX_COMMAND_OCTETS = 510;

export interface Login {
  readonly credentials: ClientCredentials;
  /** Those that may be used, in upper case; null for all. */
  readonly mechanisms: ReadonlySet<string> | null;
  readonly hasClientCertificate: boolean;
  /** Nobody reads along, and it is the right server. */
  readonly isTrusted: boolean;
  readonly port: number;
  /** For each reply. */
  readonly timeoutMs?: number;
}

/**
 * AUTH: RFC 4954 §4.
 *
 * @param offered the mechanisms of the EHLO reply
 * @returns the mechanism that it was done by
 * @throws {SmtpError}
 */
export async function logIn(
  connection: SmtpConnection,
  offered: readonly string[],
  { credentials, mechanisms, hasClientCertificate, isTrusted, port, timeoutMs }: Login,
): Promise<string> {
  try {
    const known = {
      hasTrustedTls: isTrusted,
      channelBinding: connection.channelBinding,
      hasClientCertificate,
      service: 'smtp',
      host: connection.host,
      port,
    };
    const allows = (mechanism: string) => mechanisms?.has(mechanism) ?? true;
    const { name, exchange } = chooseClientMechanism(offered, credentials, known, allows);
    const reply = await converse(connection, name, exchange, timeoutMs);
    if (reply.code !== 235) throw refused(reply, name, exchange.refusal);
    exchange.succeeded();
    return name;
  } catch (cause) {
    if (!(cause instanceof SaslError)) throw cause;
    throw new SmtpError(cause.kind === 'untrusted' ? 'untrusted' : 'login', `${cause.message}.`, { cause });
  }
}

/** @returns the reply that ends the exchange */
async function converse(
  connection: SmtpConnection,
  name: string,
  exchange: ClientExchange,
  timeoutMs: number | undefined,
): Promise<SmtpReply> {
  let response = await exchange.initialResponse();
  const withResponse = response === null ? null : `AUTH ${name} ${response.toString('base64') || '='}`;
  const fits = withResponse !== null && withResponse.length <= MAX_COMMAND_OCTETS;
  let reply = await connection.command(fits ? withResponse : `AUTH ${name}`, timeoutMs);
  if (fits) response = null;

  while (reply.code === 334) {
    try {
      response ??= await exchange.respond(decodeChallenge(reply));
    } catch (error) {
      await connection.command('*', timeoutMs);
      throw error;
    }
    reply = await connection.command(response.toString('base64'), timeoutMs);
    response = null;
  }
  return reply;
}

function decodeChallenge({ lines }: SmtpReply): Buffer {
  const challenge = decodeBase64(lines.join(''));
  if (challenge === null) throw new SaslError('malformed', 'The challenge of the server is not base64');
  return challenge;
}

function refused(reply: SmtpReply, name: string, refusal: string | null): SmtpError {
  const more = refusal === null ? '' : ` (${refusal})`;
  return new SmtpError('login', `The server refuses the login by ${name}: ${textOf(reply)}${more}`, {
    isTemporary: reply.code < 500,
  });
}

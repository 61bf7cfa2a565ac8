import { isAscii } from 'node:buffer';
import type { ClientCredentials } from '@postel/sasl';
import {
  extensionsOf,
  logIn,
  SmtpConnection,
  SmtpError,
  type SmtpErrorKind,
  type SmtpReply,
  stuffDots,
  type TlsSettings,
  textOf,
} from '@postel/smtp-client';

export interface SubmissionServer {
  readonly host: string;
  readonly port: number;
  /** From the first octet (RFC 8314 §3.3), or by STARTTLS. Never without. */
  readonly tlsMode: 'implicit' | 'starttls';
  readonly tls: TlsSettings;
  /** Null: the key of our certificate is all. */
  readonly credentials: ClientCredentials | null;
  /** The mechanisms of SASL that may be used, in upper case; null for all. */
  readonly mechanisms: ReadonlySet<string> | null;
}

export interface Submitted {
  /** What the server said when it took the message. */
  readonly reply: string;
  /** How we logged in; null if our key was enough. */
  readonly mechanism: string | null;
}

export interface Mail {
  /** Without angle brackets; empty for none (RFC 5321 §4.5.5). */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Every line ends in CRLF. */
  readonly message: Buffer;
  readonly status: StatusRequest;
  /** Not to be released before, in epoch ms (RFC 4865); null for at once. */
  readonly holdUntil: number | null;
}

/** When to send DSNs, and how (RFC 3461); what is null is for the server to choose, and all of it if it knows no DSN. */
export interface StatusRequest {
  /** `NEVER`, or some of `SUCCESS`, `FAILURE`, `DELAY`. */
  readonly notify: string | null;
  readonly returnContent: 'FULL' | 'HDRS' | null;
  /** Printable ASCII. */
  readonly envelopeId: string | null;
}

/**
 * Submits a message (RFC 6409): to all of its recipients or, if the server refuses one, to nobody.
 *
 * @throws {SmtpError}
 */
export async function submit(server: SubmissionServer, mail: Mail): Promise<Submitted> {
  const isImplicit = server.tlsMode === 'implicit';
  using connection = await SmtpConnection.open(server.host, server.port, isImplicit ? server.tls : null);
  const greeting = await connection.reply();
  expectReply(greeting, 220, 'protocol', 'The server takes no connections');
  let extensions = await greet(connection);
  if (!isImplicit) {
    if (!extensions.has('STARTTLS')) {
      throw new SmtpError('protocol', 'The server offers no STARTTLS, and nothing is sent in the clear');
    }
    await connection.startTls(server.tls);
    // Nothing that was said in the clear counts (RFC 3207 §4.2).
    extensions = await greet(connection);
  }

  const mechanism = await authenticate(connection, server, extensions.get('AUTH') ?? '');
  const reply = await transact(connection, mail, extensions, mechanism === null ? server.tls : null);
  await connection.quit();
  return { reply, mechanism };
}

/** EHLO: RFC 5321 §4.1.1.1. @returns what stands behind each keyword */
async function greet(connection: SmtpConnection): Promise<ReadonlyMap<string, string>> {
  const reply = await connection.command(`EHLO ${connection.addressLiteral}`);
  expectReply(reply, 250, 'protocol', 'The server does not take EHLO');
  return extensionsOf(reply);
}

/**
 * By the strongest mechanism that is offered: with a key, EXTERNAL. A key alone does by itself where that is not offered.
 *
 * @returns the mechanism, null if the key was left to do so
 */
async function authenticate(
  connection: SmtpConnection,
  { tls, credentials, mechanisms, port }: SubmissionServer,
  offered: string,
): Promise<string | null> {
  const names = offered.split(' ').filter((name) => name !== '');
  const hasClientCertificate = tls.identity !== null;
  if (credentials === null && mechanisms === null && !names.includes('EXTERNAL')) return null;
  return await logIn(connection, names, {
    credentials: credentials ?? {},
    mechanisms,
    hasClientCertificate,
    isTrusted: connection.isSecured,
    port,
  });
}

async function transact(
  connection: SmtpConnection,
  submitted: Mail,
  extensions: ReadonlyMap<string, string>,
  keyAlone: TlsSettings | null,
): Promise<string> {
  const { reversePath, recipients, message, status } = submitted;
  const mail = await connection.command(`MAIL FROM:<${reversePath}>${parameters(submitted, extensions)}`);
  if (mail.code === 530 && keyAlone !== null) throw unknownKey(mail, keyAlone);
  expectReply(mail, 250, 'sender', `The server refuses ${reversePath || '<>'} as sender`);

  const refused: { readonly recipient: string; readonly reply: SmtpReply }[] = [];
  const notify = extensions.has('DSN') && status.notify !== null ? ` NOTIFY=${status.notify}` : '';
  for (const recipient of recipients) {
    const reply = await connection.command(`RCPT TO:<${recipient}>${notify}`);
    if (reply.code !== 250 && reply.code !== 251) refused.push({ recipient, reply });
  }
  if (refused.length > 0) throw refusedRecipients(refused);

  expectReply(await connection.command('DATA'), 354, 'message', 'The server refuses the message');
  const taken = await connection.data(stuffDots(message));
  expectReply(taken, 250, 'message', 'The server refuses the message');
  return textOf(taken);
}

/** What MAIL says of the message, where the server wants to know it. */
function parameters(
  { reversePath, recipients, message, status, holdUntil }: Mail,
  extensions: ReadonlyMap<string, string>,
): string {
  const limit = Number(extensions.get('SIZE') || 0);
  if (limit > 0 && message.length > limit) {
    throw new SmtpError('message', `The message has ${message.length} octets, and the server takes ${limit}`);
  }
  const header = message.subarray(0, message.indexOf('\r\n\r\n') + 1);
  const hasWideAddress = [reversePath, ...recipients].some((address) => !isAscii(Buffer.from(address)));
  const wantsUtf8 = hasWideAddress || !isAscii(header);
  if (hasWideAddress && !extensions.has('SMTPUTF8')) {
    throw new SmtpError('recipient', 'An address is not in ASCII, and the server knows no others (SMTPUTF8)');
  }
  const knowsDsn = extensions.has('DSN');
  return [
    extensions.has('SIZE') ? ` SIZE=${message.length}` : '',
    extensions.has('8BITMIME') && !isAscii(message) ? ' BODY=8BITMIME' : '',
    extensions.has('SMTPUTF8') && wantsUtf8 ? ' SMTPUTF8' : '',
    knowsDsn && status.returnContent !== null ? ` RET=${status.returnContent}` : '',
    knowsDsn && status.envelopeId !== null ? ` ENVID=${encodeXtext(status.envelopeId)}` : '',
    holdUntil !== null && holdUntil > Date.now() ? holdParameter(holdUntil, extensions.get('FUTURERELEASE')) : '',
  ].join('');
}

/** RFC 4865 §4.1: only where the server holds messages, and for so long. @param offered behind the keyword */
function holdParameter(holdUntil: number, offered: string | undefined): string {
  const until = new Date(holdUntil).toISOString().replace(/\.[0-9]+/, '');
  if (offered === undefined) {
    throw new SmtpError(
      'message',
      `The server holds no messages (FUTURERELEASE), and this one is not to go before ${until}`,
    );
  }
  const latest = Date.parse(offered.split(' ')[1] ?? '');
  if (holdUntil > latest) {
    throw new SmtpError(
      'message',
      `The server holds messages until ${new Date(latest).toISOString()}, not until ${until}`,
    );
  }
  return ` HOLDUNTIL=${until}`;
}

/** RFC 3461 §4. */
function encodeXtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (character) => `+${Buffer.from(character).toString('hex').toUpperCase()}`);
}

function unknownKey(reply: SmtpReply, { identity }: TlsSettings): SmtpError {
  const message = `The server does not know the key ${identity?.fingerprint}, or wants a password too: ${textOf(reply)}`;
  return new SmtpError('login', message);
}

function refusedRecipients(refused: readonly { readonly recipient: string; readonly reply: SmtpReply }[]): SmtpError {
  const lines = refused.map(({ recipient, reply }) => `  ${recipient}: ${textOf(reply)}`);
  const isTemporary = refused.every(({ reply }) => reply.code < 500);
  return new SmtpError('recipient', `Sent to nobody, because the server refuses:\n${lines.join('\n')}`, {
    isTemporary,
  });
}

function expectReply(reply: SmtpReply, code: number, kind: SmtpErrorKind, message: string): void {
  if (reply.code === code) return;
  throw new SmtpError(kind, `${message}: ${textOf(reply)}`, { isTemporary: reply.code < 500 });
}

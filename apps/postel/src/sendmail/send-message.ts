import { SmtpError, type SmtpErrorKind } from '@postel/smtp-client';
import { CommandError } from '../command-error.ts';
import { type Submitted, submit } from '../smtp-client/submit.ts';
import { EX_DATAERR, EX_NOPERM, EX_NOUSER, EX_PROTOCOL, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE } from './exit-codes.ts';
import type { Failure, KeptMessage } from './kept-message.ts';
import { prepareMail } from './prepare-mail.ts';
import { readSendmailSettings } from './sendmail-settings.ts';

export interface Sent extends Submitted {
  readonly host: string;
}

/** Why it was not sent, for whoever called us too. */
export interface Unsent extends Failure {
  readonly exitCode: number;
  /** No other message would fare better with the same settings. */
  readonly isAboutServer: boolean;
}

const EXIT_CODES = {
  unreachable: EX_UNAVAILABLE,
  untrusted: EX_PROTOCOL,
  protocol: EX_PROTOCOL,
  login: EX_NOPERM,
  sender: EX_NOPERM,
  recipient: EX_NOUSER,
  message: EX_UNAVAILABLE,
} as const satisfies Record<SmtpErrorKind, number>;

const ABOUT_MESSAGES: readonly SmtpErrorKind[] = ['sender', 'recipient', 'message'];
const BAD_INPUT = [EX_DATAERR, EX_USAGE];

/** One attempt. @throws {unknown} what nobody foresaw */
export async function sendMessage(
  message: KeptMessage,
): Promise<{ readonly sent: Sent } | { readonly unsent: Unsent }> {
  try {
    const { server, from, domain } = await readSendmailSettings(message.settings, process.env);
    const submitted = await submit(server, prepareMail(message, { from, domain }));
    return { sent: { ...submitted, host: server.host } };
  } catch (error) {
    const unsent = explain(error);
    if (unsent === null) throw error;
    return { unsent };
  }
}

/**
 * Only what a server says of the message, or what is wrong with the message here, is for good: passwords, settings and
 * certificates can be mended, and the message sent as it is.
 */
function explain(error: unknown): Unsent | null {
  if (error instanceof SmtpError) {
    const isAboutServer = !ABOUT_MESSAGES.includes(error.kind);
    return {
      text: error.message,
      isRefused: !isAboutServer && !error.isTemporary,
      exitCode: error.isTemporary ? EX_TEMPFAIL : EXIT_CODES[error.kind],
      isAboutServer,
    };
  }
  if (!(error instanceof CommandError)) return null;
  const isRefused = BAD_INPUT.includes(error.exitCode);
  return { text: error.message, isRefused, exitCode: error.exitCode, isAboutServer: !isRefused };
}

export function describeSent({ host, mechanism, reply }: Sent): string {
  return `${host}, login by ${mechanism ?? 'the key alone'}: ${reply}`;
}

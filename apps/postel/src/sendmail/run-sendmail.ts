import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { SmtpError, type SmtpErrorKind } from '../smtp-client/smtp-error.ts';
import { submit } from '../smtp-client/submit.ts';
import { EX_DATAERR, EX_NOPERM, EX_NOUSER, EX_PROTOCOL, EX_TEMPFAIL, EX_UNAVAILABLE } from './exit-codes.ts';
import type { SendmailArguments } from './parse-arguments.ts';
import { prepareMail } from './prepare-mail.ts';
import { readSendmailSettings } from './sendmail-settings.ts';

/** More than servers take. */
const MAX_MESSAGE_OCTETS = 256 * 1024 * 1024;

const EXIT_CODES = {
  unreachable: EX_UNAVAILABLE,
  untrusted: EX_PROTOCOL,
  protocol: EX_PROTOCOL,
  login: EX_NOPERM,
  sender: EX_NOPERM,
  recipient: EX_NOUSER,
  message: EX_UNAVAILABLE,
} as const satisfies Record<SmtpErrorKind, number>;

/** The work of `postel sendmail`. @throws {CommandError} */
export async function runSendmail(args: SendmailArguments, { terminal }: Invocation): Promise<void> {
  const { server, from, domain } = await readSendmailSettings(args.settings, process.env);
  // All of it before the server is called, which would not wait for a program that takes its time.
  const input = await readMessage();
  const mail = prepareMail(input, args, { from, domain, now: new Date() });
  try {
    const { reply, mechanism } = await submit(server, mail);
    if (args.isVerbose) terminal.note(`${server.host}, login by ${mechanism ?? 'the key alone'}: ${reply}`);
  } catch (cause) {
    if (!(cause instanceof SmtpError)) throw cause;
    throw new CommandError(cause.message, {
      exitCode: cause.isTemporary ? EX_TEMPFAIL : EXIT_CODES[cause.kind],
      cause,
    });
  }
}

async function readMessage(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    octets += chunk.length;
    if (octets > MAX_MESSAGE_OCTETS) {
      throw new CommandError(`A message has at most ${MAX_MESSAGE_OCTETS} octets.`, { exitCode: EX_DATAERR });
    }
  }
  return Buffer.concat(chunks);
}

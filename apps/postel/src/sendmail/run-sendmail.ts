import { resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import type { Terminal } from '../terminal.ts';
import { EX_CANTCREAT, EX_DATAERR, EX_TEMPFAIL } from './exit-codes.ts';
import { defaultPlaces } from './keep-places.ts';
import { keepMessage, type OpenMessage } from './kept-mail.ts';
import type { KeptMessage } from './kept-message.ts';
import { listKept } from './list-kept.ts';
import { makeMessageId } from './message-id.ts';
import type { SendmailArguments, SettingName } from './parse-arguments.ts';
import { resendCommand } from './resend-command.ts';
import { resendKept } from './resend-kept.ts';
import { describeSent, sendMessage, type Unsent } from './send-message.ts';
import { readKeepPlace } from './sendmail-settings.ts';

/** More than servers take. */
const MAX_MESSAGE_OCTETS = 256 * 1024 * 1024;

const PATHS: readonly SettingName[] = ['config', 'password-file', 'key-file', 'ca-file', 'keep'];

/** The work of `postel sendmail`. @throws {CommandError} */
export async function runSendmail(args: SendmailArguments, { terminal }: Invocation): Promise<void> {
  // What is kept may be sent from another directory.
  const settings = new Map(
    [...args.settings].map(([name, value]) => [name, PATHS.includes(name) ? resolve(value) : value]),
  );
  const named = await readKeepPlace(settings, process.env);
  const { job } = args;
  if (job.type === 'send') {
    await sendInput({ args, settings, places: named === null ? defaultPlaces(process.env) : [named] }, terminal);
    return;
  }
  // Also where it was kept before somebody named a place, or while the file that names it could not be read.
  const others = settings.has('keep') ? [] : defaultPlaces(process.env);
  const places = [...new Set([...(named === null ? [] : [named]), ...others])];
  if (job.type === 'list') listKept(places, terminal);
  else await resendKept(places, { ...job, settings, isVerbose: args.isVerbose }, terminal);
}

interface Work {
  readonly args: SendmailArguments;
  readonly settings: ReadonlyMap<SettingName, string>;
  /** Where to keep it, the first that can be used. */
  readonly places: readonly string[];
}

/**
 * Keeps the message before it tries to send it: what ends this process, or the machine, ends no message. Where it cannot
 * be kept it is tried all the same.
 */
async function sendInput({ args, settings, places }: Work, terminal: Terminal): Promise<void> {
  // All of it before the server is called, which would not wait for a program that takes its time.
  const input = await readMessage();
  const at = new Date();
  const message: KeptMessage = { id: makeMessageId(at), at, args, input, settings, failure: null };
  const kept = input.length === 0 ? { reason: 'there is nothing in it' } : keepSomewhere(places, message);
  try {
    const outcome = await sendMessage(message);
    if ('sent' in outcome) {
      if ('open' in kept) removeSent(kept.open, terminal);
      if (args.isVerbose) terminal.note(describeSent(outcome.sent));
      return;
    }
    throw 'open' in kept ? reportKept(kept.open, outcome.unsent) : reportLost(kept.reason, outcome.unsent);
  } finally {
    if ('open' in kept) kept.open[Symbol.dispose]();
  }
}

function keepSomewhere(
  places: readonly string[],
  message: KeptMessage,
): { readonly open: OpenMessage } | { readonly reason: string } {
  const reasons: string[] = [];
  for (const place of places) {
    try {
      return { open: keepMessage(place, message) };
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { reason: reasons.join('; ') };
}

/** What is sent must not be handed in anew, whatever becomes of its file. */
function removeSent(open: OpenMessage, terminal: Terminal): void {
  try {
    open.remove();
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    terminal.note(`The message is sent, but ${open.file} cannot be removed (${why}). Remove it, or -q sends it again.`);
  }
}

/** Says where the message is, and how to send it. */
function reportKept(open: OpenMessage, unsent: Unsent): CommandError {
  const { text, isRefused, exitCode } = unsent;
  const message = { ...open.message, failure: { text, isRefused } };
  try {
    open.save(message);
  } catch {
    // It stays as it was kept, before the attempt.
  }
  const what = isRefused ? 'It was refused for good, and is sent again only by' : 'It is sent again by';
  const command = resendCommand(open, isRefused ? message.id : null);
  return new CommandError(`${text}\nThe message is kept in ${open.file}. ${what}: ${command}`, { exitCode });
}

function reportLost(reason: string, { text, exitCode }: Unsent): CommandError {
  // 75 would say that it is kept.
  return new CommandError(`${text}\nThe message is not kept: ${reason}.`, {
    exitCode: exitCode === EX_TEMPFAIL ? EX_CANTCREAT : exitCode,
  });
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

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../command-error.ts';
import type { Terminal } from '../terminal.ts';
import { EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE } from './exit-codes.ts';
import { keptIds, type OpenMessage, openMessage, sweepLeftOvers } from './kept-mail.ts';
import type { SendmailJob, SettingName } from './parse-arguments.ts';
import { describeSent, sendMessage } from './send-message.ts';

type Resend = Extract<SendmailJob, { readonly type: 'resend' }> & {
  /** They have the last word over what stood on the command line of a message. */
  readonly settings: ReadonlyMap<SettingName, string>;
  readonly isVerbose: boolean;
};

type Outcome =
  | 'sent'
  | 'waits'
  /** By the server, now. */
  | 'refused'
  /** Another process has sent it, or it was refused before and nobody asks for it again. */
  | 'passed-over';

/**
 * Sends what is kept, the oldest first, each message by one process alone. It says nothing of what still has to wait
 * unless somebody looks on: cron would make a mail of it each time, and keep that too.
 *
 * The exit code is 75 if something still waits, or else 69 if a server has refused something for good.
 *
 * @throws {CommandError}
 */
export async function resendKept(places: readonly string[], resend: Resend, terminal: Terminal): Promise<void> {
  const run = new ResendRun(resend, terminal);
  const outcomes: Outcome[] = [];
  for (const place of places) {
    if (!existsSync(place)) continue;
    const ids = keptIds(place).filter((id) => resend.id === null || resend.id === id);
    for (const id of ids) outcomes.push(await run.resend(place, id));
    sweepLeftOvers(place, Date.now());
  }
  if (resend.id !== null && outcomes.length === 0) {
    throw new CommandError(`No message ${resend.id} is kept.`, { exitCode: EX_USAGE });
  }
  if (outcomes.includes('waits')) process.exitCode = EX_TEMPFAIL;
  else if (outcomes.includes('refused')) process.exitCode = EX_UNAVAILABLE;
}

class ResendRun {
  readonly #resend: Resend;
  readonly #terminal: Terminal;
  readonly #speaks: boolean;
  /** Settings by which no server takes anything now, as text. */
  readonly #hopeless = new Set<string>();

  constructor(resend: Resend, terminal: Terminal) {
    this.#resend = resend;
    this.#terminal = terminal;
    this.#speaks = resend.isVerbose || process.stderr.isTTY === true;
  }

  async resend(place: string, id: string): Promise<Outcome> {
    try {
      const open = openMessage(place, id);
      if (open === 'gone') return 'passed-over';
      if (open === 'busy') {
        if (this.#speaks) this.#terminal.note(`${id}: another process is sending it`);
        return 'waits';
      }
      using message = open;
      return await this.#send(message);
    } catch (error) {
      this.#terminal.note(`${join(place, id)}.eml: ${error instanceof Error ? error.message : error}`);
      return 'waits';
    }
  }

  async #send(open: OpenMessage): Promise<Outcome> {
    const { message } = open;
    if (message.failure?.isRefused === true && !this.#resend.includesRefused) return 'passed-over';
    const settings = new Map([...message.settings, ...this.#resend.settings]);
    const group = JSON.stringify([...settings].sort());
    if (this.#hopeless.has(group)) return 'waits';
    const outcome = await sendMessage({ ...message, settings });
    if ('sent' in outcome) {
      open.remove();
      if (this.#speaks) this.#terminal.note(`${message.id}: ${describeSent(outcome.sent)}`);
      return 'sent';
    }
    const { text, isRefused, isAboutServer } = outcome.unsent;
    if (text !== message.failure?.text || isRefused !== message.failure.isRefused) {
      open.save({ ...message, failure: { text, isRefused } });
    }
    if (isAboutServer) this.#hopeless.add(group);
    if (isRefused || this.#speaks) this.#terminal.note(`${message.id}: ${text}`);
    return isRefused ? 'refused' : 'waits';
  }
}

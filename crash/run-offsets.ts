import { setTimeout as pause } from 'node:timers/promises';
import type { CrashRun, Round } from './crash-run.ts';
import type { Mailbox } from './ledger.ts';
import type { MailClient } from './mail-client.ts';
import { roundLine } from './summary.ts';
import type { Target } from './targets.ts';

/** Commands that take long enough to be killed in the middle. `DATA`: from the final dot on. */
export type OffsetCommand = 'APPEND' | 'DATA' | 'MOVE';

export interface OffsetStep {
  readonly command: OffsetCommand;
  readonly target: Target;
  /** From the command to the kill. */
  readonly offsetMs: number;
}

/** How large what the commands work on is. */
export interface OffsetScale {
  readonly appendedOctets: number;
  /** What matters is the time behind the final dot: the kernel holds so much of what comes before it, at most. */
  readonly deliveredOctets: number;
  readonly movedMessages: number;
}

const LAST_OFFSET_MS = 200;
const OFFSET_STEP_MS = 10;
const SCALE: OffsetScale = { appendedOctets: 6 * 1024 * 1024, deliveredOctets: 1024 * 1024, movedMessages: 1_000 };
const SMALL_OCTETS = 500;

/** Which processes have to do with a command: those that are killed during it. */
const TARGETS_OF: Readonly<Record<OffsetCommand, readonly Target[]>> = {
  APPEND: ['imap', 'postmaster', 'all'],
  DATA: ['smtp', 'postmaster', 'all'],
  MOVE: ['imap', 'postmaster', 'all'],
};

/** One command at a time, and the kill so many milliseconds after it: every command, offset and target in turn. */
export async function runOffsets(run: CrashRun, told: (round: Round, line: string) => void): Promise<void> {
  const offsets = await OffsetRun.prepare(run, SCALE);
  const steps = offsetSteps();
  for (const step of steps) {
    const startedAt = performance.now();
    const round = await offsets.step(step);
    const line = roundLine(round, steps.length, performance.now() - startedAt);
    told(round, `${step.command.padEnd(6)} + ${String(step.offsetMs).padStart(3)} ms  ${line}`);
    if (round.checked.differences.length > 0) return;
  }
}

function offsetSteps(): readonly OffsetStep[] {
  const offsets = Array.from({ length: LAST_OFFSET_MS / OFFSET_STEP_MS + 1 }, (_, i) => i * OFFSET_STEP_MS);
  return (['APPEND', 'DATA', 'MOVE'] as const).flatMap((command) =>
    offsets.flatMap((offsetMs) => TARGETS_OF[command].map((target) => ({ command, target, offsetMs }))),
  );
}

/** Needs a server with one IMAP process, so that the one that is killed is the one that works. */
export class OffsetRun {
  readonly #run: CrashRun;
  readonly #scale: OffsetScale;
  readonly #client: MailClient;
  readonly #from: Mailbox;
  readonly #to: Mailbox;

  private constructor(run: CrashRun, scale: OffsetScale) {
    const [client] = run.clients;
    if (client === undefined) throw new Error('the run has no client');
    this.#run = run;
    this.#scale = scale;
    this.#client = client;
    this.#from = run.ledger.mailbox(client.login.name, 'Archive');
    this.#to = run.ledger.mailbox(client.login.name, 'Junk');
  }

  /** Appends what is to be moved. */
  static async prepare(run: CrashRun, scale: OffsetScale): Promise<OffsetRun> {
    const offsets = new OffsetRun(run, scale);
    for (let n = 0; n < scale.movedMessages; n++) await offsets.#settle(offsets.#from, SMALL_OCTETS);
    return offsets;
  }

  async step({ command, target, offsetMs }: OffsetStep): Promise<Round> {
    // Connected before, so that the clock begins with the command.
    await this.#client.attempt(async () => true);
    const sent = Promise.withResolvers<void>();
    const load = async () => {
      await this.#work(command, sent.resolve);
      sent.resolve();
    };
    return await this.#run.crash(target, load, () => sent.promise.then(() => pause(offsetMs)));
  }

  async #work(command: OffsetCommand, sent: () => void): Promise<void> {
    const { appendedOctets, deliveredOctets } = this.#scale;
    const account = this.#client.login.name;
    switch (command) {
      case 'APPEND': {
        const inbox = this.#run.ledger.mailbox(account, 'INBOX');
        await this.#client.attempt(() => this.#client.appendTo(inbox, [appendedOctets], sent));
        break;
      }
      case 'DATA':
        await this.#run.mxSender.send(['alice', 'bob'], deliveredOctets, sent);
        break;
      case 'MOVE': {
        const isBack = this.#from.copies.size === 0;
        const [from, to] = isBack ? [this.#to, this.#from] : [this.#from, this.#to];
        await this.#client.attempt(() => this.#client.copy('MOVE', [...from.copies.values()], to, sent));
        break;
      }
      default:
        command satisfies never;
    }
  }

  async #settle(mailbox: Mailbox, octets: number): Promise<void> {
    if (await this.#client.attempt(() => this.#client.appendTo(mailbox, [octets]))) return;
    throw new Error('the server does not take the messages that are to be moved');
  }
}

import { CommandError, UsageError } from '../command-error.ts';
import { parseUntil } from '../moment.ts';
import type { StatusRequest } from '../smtp-client/submit.ts';
import { EX_USAGE } from './exit-codes.ts';
import { isMessageId } from './message-id.ts';

/** Long options: ours, each with a value, and the same as a key of the file. */
const SETTINGS = [
  'config',
  'host',
  'port',
  'tls',
  'account',
  'authorization',
  'mechanism',
  'password-file',
  'password-command',
  'key-file',
  'ca-file',
  'server-key',
  'domain',
  'keep',
] as const;

export type SettingName = (typeof SETTINGS)[number];

export const isSettingName = (name: string): name is SettingName => SETTINGS.some((known) => known === name);

/** What to do. */
export type SendmailJob =
  | { readonly type: 'send' }
  /** -q: to send what is kept. */
  | {
      readonly type: 'resend';
      /** -qI: only this one, whatever became of it; null for all. */
      readonly id: string | null;
      /** -qQ: also what a server has refused for good. */
      readonly includesRefused: boolean;
    }
  /** -bp: to tell what is kept. */
  | { readonly type: 'list' };

export interface SendmailArguments {
  readonly job: SendmailJob;
  readonly recipients: readonly string[];
  /** -t */
  readonly takesHeaderRecipients: boolean;
  /** -i, -oi: a line with a dot alone is one of the message. */
  readonly ignoresDots: boolean;
  /** -f, -r; null if not given, empty for the null reverse-path. */
  readonly sender: string | null;
  /** -F */
  readonly senderName: string | null;
  /** -v */
  readonly isVerbose: boolean;
  /** -N, -R, -V */
  readonly status: StatusRequest;
  /** --hold-until, in epoch ms. */
  readonly holdUntil: number | null;
  readonly settings: ReadonlyMap<SettingName, string>;
}

/** Options without a value, which may stand together in one word. */
const FLAGS = 'AGimntUv';
/** Options of other sendmails that take a value, and change nothing here: `-B` is seen from the message itself. */
const IGNORED_WITH_VALUE = 'BChLOopX';

const MAX_ENVELOPE_ID_CHARACTERS = 100;
const CONDITIONS = ['success', 'failure', 'delay'];

/**
 * Reads arguments as other sendmails do, so that programs which call one can call us: options without a value may stand
 * in one word, values with their option or behind it, and what only those others know is passed over.
 *
 * @throws {CommandError} EX_USAGE
 */
export function parseArguments(args: readonly string[]): SendmailArguments {
  const rest = [...args];
  const recipients: string[] = [];
  const settings = new Map<SettingName, string>();
  let job: SendmailJob = { type: 'send' };
  let takesHeaderRecipients = false;
  let ignoresDots = false;
  let isVerbose = false;
  let sender: string | null = null;
  let senderName: string | null = null;
  let holdUntil: number | null = null;
  let status: StatusRequest = { notify: null, returnContent: null, envelopeId: null };

  /** Of a short option, from the rest of its word or the next one. */
  function takeOption(option: string, inWord: string): void {
    const value = () => inWord || (rest.shift() ?? refuse(`-${option} needs a value`));
    if (option === 'f' || option === 'r') sender = value();
    else if (option === 'F') senderName = value();
    else if (option === 'N') status = { ...status, notify: parseNotify(value()) };
    else if (option === 'R') status = { ...status, returnContent: parseReturn(value()) };
    else if (option === 'V') status = { ...status, envelopeId: parseEnvelopeId(value()) };
    else if (option === 'b') job = parseMode(value(), job);
    else if (option === 'q') job = parseQueue(inWord);
    else if (IGNORED_WITH_VALUE.includes(option)) ignoresDots = (value() === 'i' && option === 'o') || ignoresDots;
    else refuse(`There is no option -${option}`);
  }

  while (rest.length > 0) {
    const argument = rest.shift() ?? '';
    if (argument === '--') recipients.push(...rest.splice(0));
    else if (argument.startsWith('--hold-until')) holdUntil = parseHold(longValue(argument, rest));
    else if (argument.startsWith('--')) addSetting(settings, argument.slice(2), rest);
    else if (!argument.startsWith('-') || argument === '-') recipients.push(argument);
    else {
      let at = 1;
      for (; FLAGS.includes(argument.charAt(at)) && at < argument.length; at += 1) {
        takesHeaderRecipients ||= argument[at] === 't';
        ignoresDots ||= argument[at] === 'i';
        isVerbose ||= argument[at] === 'v';
        if (argument[at] === 'A') at = argument.length; // -Ac and -Am: which settings of theirs to use
      }
      if (at < argument.length) takeOption(argument.charAt(at), argument.slice(at + 1));
    }
  }
  if (job.type !== 'send' && recipients.length > 0) refuse('With -q and -bp there are no recipients');
  return {
    job,
    recipients,
    takesHeaderRecipients,
    ignoresDots,
    sender,
    senderName,
    isVerbose,
    status,
    holdUntil,
    settings,
  };
}

function parseMode(mode: string, job: SendmailJob): SendmailJob {
  if (mode === 'm') return job;
  if (mode === 'p') return { type: 'list' };
  refuse(`-b${mode} is not for this program, which only submits messages`);
}

/** `-q`, and `-qf`: in the foreground, as it always is. */
function parseQueue(which: string): SendmailJob {
  if (which === '' || which === 'f') return { type: 'resend', id: null, includesRefused: false };
  if (which === 'Q') return { type: 'resend', id: null, includesRefused: true };
  if (which.startsWith('I') && isMessageId(which.slice(1))) {
    return { type: 'resend', id: which.slice(1), includesRefused: true };
  }
  refuse(
    `-q${which} is not for this program: -q sends what is kept, -qQ also what was refused, -qI and an id just that`,
  );
}

/** RFC 3461 §4.1. */
function parseNotify(text: string): StatusRequest['notify'] {
  const conditions = text.toLowerCase().split(',');
  if (text.toLowerCase() === 'never') return 'NEVER';
  if (conditions.every((condition) => CONDITIONS.includes(condition))) return conditions.join(',').toUpperCase();
  refuse('-N takes never, or some of success, failure and delay with commas in between');
}

/** RFC 3461 §4.3. */
function parseReturn(text: string): StatusRequest['returnContent'] {
  if (/^full$/i.test(text)) return 'FULL';
  if (/^hdrs$/i.test(text)) return 'HDRS';
  refuse('-R takes full or hdrs');
}

/** RFC 3461 §4.4. */
function parseEnvelopeId(text: string): string {
  if (/^[ -~]+$/.test(text) && text.length <= MAX_ENVELOPE_ID_CHARACTERS) return text;
  refuse(`-V takes an identifier of at most ${MAX_ENVELOPE_ID_CHARACTERS} printable ASCII characters`);
}

function parseHold(text: string): number {
  try {
    return parseUntil('hold-until', text);
  } catch (error) {
    if (error instanceof UsageError) refuse(error.message);
    throw error;
  }
}

/** Of `--name=value`, or of `--name` and the next argument. */
function longValue(argument: string, rest: string[]): string {
  const [option = '', ...value] = argument.split('=');
  return value.length > 0 ? value.join('=') : (rest.shift() ?? refuse(`${option} needs a value`));
}

function addSetting(settings: Map<SettingName, string>, option: string, rest: string[]): void {
  const [given = ''] = option.split('=');
  const name = SETTINGS.find((known) => known === given) ?? refuse(`There is no option --${given}`);
  settings.set(name, longValue(`--${option}`, rest));
}

function refuse(message: string): never {
  throw new CommandError(`${message}. Try: postel help sendmail`, { exitCode: EX_USAGE });
}

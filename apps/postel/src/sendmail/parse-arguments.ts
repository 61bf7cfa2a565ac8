import { CommandError } from '../command-error.ts';
import { EX_USAGE } from './exit-codes.ts';

/** Long options: ours, each with a value, and the same as a key of the file. */
const SETTINGS = [
  'config',
  'host',
  'port',
  'tls',
  'account',
  'password-file',
  'key-file',
  'ca-file',
  'server-key',
  'domain',
] as const;

export type SettingName = (typeof SETTINGS)[number];

export interface SendmailArguments {
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
  readonly settings: ReadonlyMap<SettingName, string>;
}

/** Options of other sendmails that take a value, and change nothing here. */
const IGNORED_WITH_VALUE = 'BChLNOpRVX';
/** And those that take none. */
const IGNORED = 'AGimnUo';

/**
 * Reads arguments as other sendmails do, so that programs which call one can call us: values may stand with their option
 * or behind it, and what only those others know is passed over.
 *
 * @throws {CommandError} EX_USAGE
 */
export function parseArguments(args: readonly string[]): SendmailArguments {
  const rest = [...args];
  const recipients: string[] = [];
  const settings = new Map<SettingName, string>();
  let takesHeaderRecipients = false;
  let ignoresDots = false;
  let isVerbose = false;
  let sender: string | null = null;
  let senderName: string | null = null;

  while (rest.length > 0) {
    const argument = rest.shift() ?? '';
    const value = () => argument.slice(2) || (rest.shift() ?? refuse(`${argument} needs a value`));
    if (argument === '--') recipients.push(...rest.splice(0));
    else if (argument.startsWith('--')) addSetting(settings, argument.slice(2), rest);
    else if (!argument.startsWith('-') || argument === '-') recipients.push(argument);
    else if (argument === '-t' || argument === '-ti') {
      takesHeaderRecipients = true;
      ignoresDots ||= argument === '-ti';
    } else if (argument === '-i' || argument === '-oi') ignoresDots = true;
    else if (argument === '-v') isVerbose = true;
    else if (argument === '-f' || argument === '-r') sender = rest.shift() ?? refuse(`${argument} needs a value`);
    else if (/^-[fr]/.test(argument)) sender = value();
    else if (argument.startsWith('-F')) senderName = value();
    else if (argument === '-bm') continue;
    else if (/^-[bqI]/.test(argument)) refuse(`${argument} is not for this program, which only submits messages`);
    else if (IGNORED.includes(argument.charAt(1))) continue;
    else if (IGNORED_WITH_VALUE.includes(argument.charAt(1))) value();
    else refuse(`There is no option ${argument}`);
  }
  return { recipients, takesHeaderRecipients, ignoresDots, sender, senderName, isVerbose, settings };
}

function addSetting(settings: Map<SettingName, string>, option: string, rest: string[]): void {
  const [given = '', ...value] = option.split('=');
  const name = SETTINGS.find((known) => known === given) ?? refuse(`There is no option --${given}`);
  settings.set(name, value.length > 0 ? value.join('=') : (rest.shift() ?? refuse(`--${name} needs a value`)));
}

function refuse(message: string): never {
  throw new CommandError(`${message}. Try: postel help sendmail`, { exitCode: EX_USAGE });
}

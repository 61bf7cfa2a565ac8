import { SettingReader } from '@postel/config';
import { isSettingName, type SettingName } from './parse-arguments.ts';
import type { Given } from './prepare-mail.ts';

/** Why a message was not sent. */
export interface Failure {
  readonly text: string;
  /** It is the message that was refused, and for good: the same will not work later. */
  readonly isRefused: boolean;
}

/** A message as it was handed in, and all that is needed to try it again. */
export interface KeptMessage extends Given {
  /** What stood on the command line, with its paths from the root. */
  readonly settings: ReadonlyMap<SettingName, string>;
  /** Of the last attempt; null before the first has ended. */
  readonly failure: Failure | null;
}

/** Stands before the message, so that the file is one for mail programs too. */
const FIELD = 'X-Postel-Sendmail: ';
const VERSION = 1;
const LF = 0x0a;

/** In UTF-8: one line, and the message as it came. */
export function encodeKept({ at, args, input, settings, failure }: KeptMessage): Buffer {
  const { recipients, takesHeaderRecipients, ignoresDots, sender, senderName, status, holdUntil } = args;
  const said = {
    version: VERSION,
    at: at.toISOString(),
    recipients,
    takesHeaderRecipients,
    ignoresDots,
    sender,
    senderName,
    ...status,
    holdUntil,
    settings: Object.fromEntries(settings),
    failure,
  };
  return Buffer.concat([Buffer.from(`${FIELD}${JSON.stringify(said)}\n`), input]);
}

/** @throws {Error} if it is no such file */
export function decodeKept(id: string, octets: Buffer): KeptMessage {
  const end = octets.indexOf(LF);
  const line = octets.toString('utf8', 0, end === -1 ? 0 : end);
  if (!line.startsWith(FIELD)) throw new Error('it does not begin as the files of postel sendmail do');
  const said = new SettingReader(JSON.parse(line.slice(FIELD.length)));
  said.at('version').integer(VERSION, VERSION);
  // What stood on a command line may be empty: that is to be told by what reads it, each time.
  const text = (value: SettingReader) => (value.is('') ? '' : value.text());
  const textOrNull = (name: string) => said.at(name).orNull(text);
  const args = {
    recipients: said.at('recipients').list(text),
    takesHeaderRecipients: said.at('takesHeaderRecipients').boolean(),
    ignoresDots: said.at('ignoresDots').boolean(),
    sender: textOrNull('sender'),
    senderName: textOrNull('senderName'),
    status: {
      notify: textOrNull('notify'),
      returnContent: said.at('returnContent').orNull((value) => value.oneOf('FULL', 'HDRS')),
      envelopeId: textOrNull('envelopeId'),
    },
    holdUntil: said.at('holdUntil').orNull((value) => value.integer()),
  };
  const settings = Object.entries(said.at('settings').record(text));
  return {
    id,
    at: new Date(said.at('at').text()),
    args,
    input: octets.subarray(end + 1),
    settings: new Map(settings.flatMap(([name, value]) => (isSettingName(name) ? [[name, value]] : []))),
    failure: said.at('failure').orNull((failure) => ({
      text: text(failure.at('text')),
      isRefused: failure.at('isRefused').boolean(),
    })),
  };
}

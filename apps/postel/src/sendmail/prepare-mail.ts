import { formatDateTime, formatPhrase } from '@postel/mime';
import { CommandError } from '../command-error.ts';
import type { Mail } from '../smtp-client/submit.ts';
import { EX_DATAERR, EX_USAGE } from './exit-codes.ts';
import { mailAddresses } from './mail-address.ts';
import { fieldValue, type HeaderField, takeHeader } from './message-header.ts';
import { joinLines, splitLines } from './message-lines.ts';
import type { SendmailArguments } from './parse-arguments.ts';

export interface MailDefaults {
  /** Whom mail is from that does not say so. */
  readonly from: string | null;
  /** What is put behind names without a domain. */
  readonly domain: string | null;
}

/** What a message is prepared of: the same each time it is tried, so that its Date and Message-ID are too. */
export interface Given {
  readonly id: string;
  readonly at: Date;
  readonly args: Pick<
    SendmailArguments,
    'recipients' | 'takesHeaderRecipients' | 'ignoresDots' | 'sender' | 'senderName' | 'status' | 'holdUntil'
  >;
  /** As it came. */
  readonly input: Buffer;
}

const NUL = 0;
const NAME_CHARACTERS = 100;
const RECIPIENT_FIELDS = ['to', 'cc', 'bcc'];
const RESENT_RECIPIENT_FIELDS = ['resent-to', 'resent-cc', 'resent-bcc'];
const HIDDEN_FIELDS = ['bcc', 'resent-bcc'];

/**
 * Makes of what was given a message that a server takes: whom it is from and for, line ends, and the header fields that
 * every message has (RFC 5322 §3.6). Bcc goes: the others are not to see who had a copy.
 *
 * @throws {CommandError}
 */
export function prepareMail({ id, at, args, input }: Given, { from, domain }: MailDefaults): Mail {
  if (input.includes(NUL)) throw new CommandError('The message has a NUL in it.', { exitCode: EX_DATAERR });
  const { fields, body } = takeHeader(splitLines(input, args.ignoresDots));
  const recipients = new Set([
    ...args.recipients.flatMap((recipient) => mailAddresses(recipient, domain)),
    ...(args.takesHeaderRecipients ? headerRecipients(fields, domain) : []),
  ]);
  if (recipients.size === 0) {
    const hint = args.takesHeaderRecipients
      ? ', neither here nor in To, Cc or Bcc'
      : '; -t takes them from the message';
    throw new CommandError(`No recipients were given${hint}.`, { exitCode: EX_USAGE });
  }

  const reversePath = chooseSender(fields, args.sender, from, domain);
  const shown = fields.filter(({ name }) => !HIDDEN_FIELDS.includes(name)).flatMap(({ lines }) => lines);
  const added = missingFields(fields, { reversePath, senderName: args.senderName, id, at });
  const message = joinLines([...added.map((line) => Buffer.from(line)), ...shown, Buffer.alloc(0), ...body]);
  return { reversePath, recipients: [...recipients], message, status: args.status, holdUntil: args.holdUntil };
}

/** Of a message that is sent on, those whom it is sent on to (RFC 5322 §3.6.6). */
function headerRecipients(fields: readonly HeaderField[], domain: string | null): readonly string[] {
  const named = (names: readonly string[]) => fields.filter(({ name }) => names.includes(name));
  const resent = named(RESENT_RECIPIENT_FIELDS);
  const chosen = resent.length > 0 ? resent : named(RECIPIENT_FIELDS);
  return chosen.flatMap((field) => mailAddresses(fieldValue(field), domain));
}

/**
 * Whoever `-f` names, if it has a domain: cron and others name a user of the machine, who is not the one that the server
 * knows. Else the one of the settings, else whom the message is from.
 */
function chooseSender(
  fields: readonly HeaderField[],
  given: string | null,
  configured: string | null,
  domain: string | null,
): string {
  if (given === '' || given === '<>') return '';
  const candidates = [
    ...(given?.includes('@') ? [given] : []),
    ...(configured === null ? [] : [configured]),
    ...(given === null ? [] : [given]),
    ...['sender', 'from'].flatMap((name) => fields.filter((field) => field.name === name).map(fieldValue)),
  ];
  const [value] = candidates;
  const [address] = value === undefined ? [] : mailAddresses(value, domain);
  if (address !== undefined) return address;
  throw new CommandError('Nobody says whom the message is from: use -f, a From field, or the setting "from".', {
    exitCode: EX_USAGE,
  });
}

function missingFields(
  fields: readonly HeaderField[],
  {
    reversePath,
    senderName,
    id,
    at,
  }: { readonly reversePath: string; readonly senderName: string | null; readonly id: string; readonly at: Date },
): readonly string[] {
  const has = (wanted: string) => fields.some(({ name }) => name === wanted);
  const domain = reversePath.slice(reversePath.lastIndexOf('@') + 1) || 'localhost';
  return [
    ...(has('message-id') ? [] : [`Message-ID: <${id}@${domain}>`]),
    ...(has('date') ? [] : [`Date: ${formatDateTime(at)}`]),
    ...(has('from')
      ? []
      : [
          `From: ${senderName === null ? '' : `${formatPhrase(senderName.slice(0, NAME_CHARACTERS))} `}<${reversePath}>`,
        ]),
  ];
}

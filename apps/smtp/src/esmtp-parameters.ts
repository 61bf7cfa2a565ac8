import { replies, SmtpError } from './replies.ts';

/** RFC 5321 §4.1.2: esmtp-param. */
const PARAMETER = /^([a-z0-9][a-z0-9-]*)(?:=([!-<>-~]+))?$/i;

/** Parameters of MAIL or RCPT by name, in upper case; null where one has no value. */
export type EsmtpParameters = ReadonlyMap<string, string | null>;

/**
 * Reads Mail-parameters or Rcpt-parameters (RFC 5321 §4.1.2).
 *
 * @param known the names that the command takes, in upper case
 * @throws {SmtpError} 501 for what is malformed or given twice, 555 for what is not known
 */
export function parseParameters(text: string, known: ReadonlySet<string>): EsmtpParameters {
  const parameters = new Map<string, string | null>();
  if (text !== '' && !text.startsWith(' ')) throw new SmtpError(replies.badParameter);
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const [, keyword, value = null] = PARAMETER.exec(word) ?? [];
    if (keyword === undefined) throw new SmtpError(replies.badParameter);
    const name = keyword.toUpperCase();
    if (!known.has(name)) throw new SmtpError(replies.unknownParameter);
    if (parameters.has(name)) throw new SmtpError(replies.badParameter);
    parameters.set(name, value);
  }
  return parameters;
}

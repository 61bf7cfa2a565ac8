import { missingHost, missingMailbox, parseAddresses } from '@postel/mime';
import { CommandError } from '../command-error.ts';
import { EX_DATAERR } from './exit-codes.ts';

const MAX_ADDRESSES = 10_000;
/** RFC 5321 §4.5.3.1.3, without the angle brackets. */
const MAX_ADDRESS_OCTETS = 254;

const DOT_ATOM = /^[^\p{Cc}\p{Z}()<>[\]:;@\\,"]+$/u;
const HOST = /^(?:[^\p{Cc}\p{Z}()<>[\]:;@\\,"]+|\[[A-Za-z0-9.:]+\])$/u;

/**
 * The addresses of a list (RFC 5322 §3.4), from a header field or an argument, in the form of RCPT without its brackets.
 *
 * @param value unfolded, in UTF-8
 * @param domain what is put behind a name without one, as cron has it; null for none
 * @throws {CommandError} EX_DATAERR
 */
export function mailAddresses(value: string, domain: string | null): readonly string[] {
  const octets = Buffer.from(value).toString('latin1');
  return parseAddresses(octets, MAX_ADDRESSES).flatMap(({ mailbox, host }) => {
    if (mailbox === null || host === null) return []; // the name of a group, or its end
    return [mailAddress(decode(mailbox), host === missingHost ? domain : decode(host), value)];
  });
}

function mailAddress(localPart: string, host: string | null, given: string): string {
  if (localPart === missingMailbox) refuse(`"${given}" is no address`);
  if (host === null) refuse(`The address "${localPart}" has no domain, and no setting "domain" says which is meant`);
  if (/\p{Cc}/u.test(localPart) || !HOST.test(host)) refuse(`"${given}" is no address`);
  const address = `${DOT_ATOM.test(localPart) ? localPart : quote(localPart)}@${host}`;
  if (Buffer.byteLength(address) > MAX_ADDRESS_OCTETS) refuse(`The address "${address}" is too long`);
  return address;
}

/** Quoted-string of RFC 5321 §4.1.2. */
function quote(localPart: string): string {
  return `"${localPart.replace(/["\\]/g, '\\$&')}"`;
}

function decode(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8');
}

function refuse(message: string): never {
  throw new CommandError(message, { exitCode: EX_DATAERR });
}

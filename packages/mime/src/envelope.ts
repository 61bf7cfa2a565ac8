import { type Address, parseAddresses } from './addresses.ts';
import type { EnvelopeFields } from './header-fields.ts';
import { limits } from './limits.ts';
import type { OctetString } from './octet-string.ts';
import type { MessageStructure } from './part.ts';
import { wireNstring } from './wire-string.ts';

/** ENVELOPE in wire form, parentheses included (RFC 9051 §7.5.2, RFC 3501 §7.4.2). */
export function envelope(structure: MessageStructure): Buffer {
  return Buffer.from(wireEnvelope(structure.fields, new AddressAllowance()), 'latin1');
}

/** How many addresses may still be written, so that a message of many envelopes has no envelope's limit many times. */
export class AddressAllowance {
  left: number = limits.addresses;
}

/** The same as octets in a string; for the envelopes within a body structure too. */
export function wireEnvelope(fields: EnvelopeFields, allowance: AddressAllowance): OctetString {
  const from = addressList(fields.from, allowance);
  const sender = addressList(fields.sender, allowance);
  const replyTo = addressList(fields.replyTo, allowance);
  const members = [
    wireNstring(fields.date),
    wireNstring(fields.subject),
    from,
    sender === 'NIL' ? from : sender, // the client is not expected to know to do this
    replyTo === 'NIL' ? from : replyTo,
    addressList(fields.to, allowance),
    addressList(fields.cc, allowance),
    addressList(fields.bcc, allowance),
    wireNstring(fields.inReplyTo),
    wireNstring(fields.messageId),
  ];
  return `(${members.join(' ')})`;
}

/** All addresses of a field, and of its repetitions; NIL if there are none. */
function addressList(values: readonly OctetString[], allowance: AddressAllowance): OctetString {
  const entries: OctetString[] = [];
  for (const value of values) {
    if (allowance.left <= 0) break;
    const addresses = parseAddresses(value, allowance.left);
    allowance.left -= addresses.length;
    for (const address of addresses) entries.push(wireAddress(address));
  }
  return entries.length === 0 ? 'NIL' : `(${entries.join('')})`;
}

function wireAddress({ name, route, mailbox, host }: Address): OctetString {
  return `(${wireNstring(name)} ${wireNstring(route)} ${wireNstring(mailbox)} ${wireNstring(host)})`;
}

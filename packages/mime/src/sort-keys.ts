import { type Address, parseAddresses } from './addresses.ts';
import { collationKey } from './collation-key.ts';
import { decodeEncodedWords, decodePlain } from './encoded-words.ts';
import type { EnvelopeFields } from './header-fields.ts';
import type { OctetString } from './octet-string.ts';
import { sortSubject } from './sort-subject.ts';

/** What SORT and THREAD compare (RFC 5256, RFC 5957), as collation keys: '' where the field is missing. */
export interface SortKeys {
  /** Of the base subject. */
  readonly subject: string;
  /** Of the first address as ENVELOPE has it: its addr-mailbox, which for a group is the group's name. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** Of the first address: its name, else the address. */
  readonly displayFrom: string;
  readonly displayTo: string;
  readonly isReplyOrForward: boolean;
}

export function sortKeys(fields: EnvelopeFields): SortKeys {
  const { base, isReplyOrForward } = sortSubject(decodeEncodedWords(fields.subject ?? ''));
  const [from, to, cc] = [fields.from, fields.to, fields.cc].map(firstAddress);
  return {
    subject: collationKey(base),
    from: collationKey(mailboxOf(from)),
    to: collationKey(mailboxOf(to)),
    cc: collationKey(mailboxOf(cc)),
    displayFrom: collationKey(displayOf(from)),
    displayTo: collationKey(displayOf(to)),
    isReplyOrForward,
  };
}

function firstAddress(values: readonly OctetString[]): Address | undefined {
  for (const value of values) {
    const [first] = parseAddresses(value, 1);
    if (first !== undefined) return first;
  }
  return undefined;
}

function mailboxOf(address: Address | undefined): string {
  return decodePlain(address?.mailbox ?? '');
}

/** RFC 5957 §3. */
function displayOf(address: Address | undefined): string {
  const name = decodeEncodedWords(address?.name ?? '');
  if (address === undefined || name !== '') return name;
  const mailbox = mailboxOf(address);
  return address.host === null ? mailbox : `${mailbox}@${decodePlain(address.host)}`;
}

/** Identifiers and counters, branded so that one cannot pass for another. All stay below 2^53. */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

export type AccountId = Branded<'AccountId'>;
export type MailboxId = Branded<'MailboxId'>;
export type ContentId = Branded<'ContentId'>;
export type EmailId = Branded<'EmailId'>;
/** RFC 9051 §2.3.1.1: 1 to 2^32-1. */
export type Uid = Branded<'Uid'>;
/** RFC 7162 §3.1: of an account here, not of a mailbox. */
export type ModSeq = Branded<'ModSeq'>;

export const accountId = (value: number): AccountId => positive(value) as AccountId;
export const mailboxId = (value: number): MailboxId => positive(value) as MailboxId;
export const uid = (value: number): Uid => positive(value) as Uid;
export const modSeq = (value: number): ModSeq => positive(value) as ModSeq;

function positive(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an identifier: ${value}`);
  return value;
}

import type { AccountId, MailboxId } from '../ids.ts';

/** What a finding breaks, in the words of docs/storage.md. */
export type VerifiedRule =
  | 'account'
  | 'names'
  | 'uidvalidity'
  | 'use'
  | 'counters'
  | 'uids'
  | 'modseqs'
  | 'keywords'
  | 'sizes'
  | 'contents'
  | 'checksums'
  | 'structure';

/** A rule that what is stored breaks. */
export interface Finding {
  readonly rule: VerifiedRule;
  readonly account: AccountId;
  /** Null: of the account as a whole. */
  readonly mailbox: { readonly id: MailboxId; readonly name: string } | null;
  /** Null: of the mailbox as a whole. */
  readonly uid: number | null;
  /** Of the message, if it has one and it could be read. */
  readonly messageId: string | null;
  /** What is wrong, as a sentence without its full stop. */
  readonly problem: string;
}

/** A finding of the account, or of what else is named. */
export function finding(
  rule: VerifiedRule,
  account: AccountId,
  problem: string,
  where: Partial<Finding> = {},
): Finding {
  return { rule, account, mailbox: null, uid: null, messageId: null, problem, ...where };
}

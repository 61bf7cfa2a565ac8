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
  | 'rights'
  | 'sizes'
  | 'contents'
  | 'checksums'
  | 'structure'
  | 'texts';

/** A rule that what is stored breaks. */
export interface Finding {
  readonly rule: VerifiedRule;
  readonly account: AccountId;
  /** Null: of the account as a whole. */
  readonly mailbox: { readonly id: MailboxId; readonly name: string } | null;
  /** Null: of the mailbox as a whole. */
  readonly uid: number | null;
  /** Of the message, if it has one and it is known. */
  readonly messageId: string | null;
  /** What is wrong, as a sentence without its full stop. */
  readonly problem: string;
  /** How it can be repaired; null if nobody can tell what would be right. */
  readonly repair: string | null;
  /** Whether that was done. */
  readonly isRepaired: boolean;
  /** What a person can do where there is no repair. */
  readonly advice: string | null;
}

type Where = Partial<Pick<Finding, 'mailbox' | 'uid' | 'messageId'>>;
type Remedy = { readonly repair: string } | { readonly advice: string };

/** A finding that nothing has been done about. */
export function finding(
  rule: VerifiedRule,
  account: AccountId,
  problem: string,
  remedy: Remedy,
  where: Where = {},
): Finding {
  return {
    rule,
    account,
    mailbox: null,
    uid: null,
    messageId: null,
    problem,
    repair: null,
    isRepaired: false,
    advice: null,
    ...remedy,
    ...where,
  };
}

/** The findings, of which those that can be repaired were. */
export function repaired(findings: readonly Finding[]): readonly Finding[] {
  return findings.map((each) => ({ ...each, isRepaired: each.repair !== null }));
}

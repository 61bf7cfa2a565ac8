import type { AccountId, TransactionOutcome } from '@postel/storage';
import { uuidV7 } from './uuid-v7.ts';

/** What became of the copy of one account. */
export interface AccountEnd {
  readonly outcome: TransactionOutcome;
  /** Where it is; null if it is nowhere yet. */
  readonly place: { readonly uidvalidity: number; readonly uid: number } | null;
  readonly releaseAt: Date | null;
}

/** What is to be recorded of a mail transaction, as it is found out while that goes on. */
export class TransactionRecord {
  readonly id = uuidV7(Date.now());
  messageId: string | null = null;
  /** Of the message, among those of its connection; null as long as it has none. */
  messageNo: number | null = null;
  sizeOctets: number | null = null;
  /** `spf=pass dkim=none ...` */
  checks: string | null = null;
  /** Whom it goes on to. */
  going: ReadonlySet<string> = new Set();
  releaseAt: Date | null = null;
  /** All of it has been recorded. */
  isSettled = false;
  readonly #ends = new Map<AccountId, AccountEnd>();
  #recipients = 0;

  /** For the next recipient. */
  nextNo(): number {
    return ++this.#recipients;
  }

  end(account: AccountId, outcome: TransactionOutcome, rest: Partial<Omit<AccountEnd, 'outcome'>> = {}): void {
    this.#ends.set(account, { outcome, place: null, releaseAt: null, ...rest });
  }

  endOf(account: AccountId): AccountEnd | null {
    return this.#ends.get(account) ?? null;
  }

  /** Adds what one more check has found. */
  addCheck(name: string, result: string): void {
    const check = `${name}=${result.replaceAll(' ', '-')}`;
    this.checks = this.checks === null ? check : `${this.checks} ${check}`;
  }
}

import type { Finding } from '@postel/storage';

/** Findings of one rule in one mailbox that are told one by one; the rest is counted. */
const TOLD_EACH = 20;

/** Tells findings, a line each; where there are very many of a kind, the first of them. */
export class FindingList {
  count = 0;
  #repaired = 0;
  readonly #say: (line: string) => void;
  readonly #asJson: boolean;
  /** Of the account in hand, by mailbox and rule. */
  readonly #kinds = new Map<string, number>();

  constructor(say: (line: string) => void, asJson: boolean) {
    this.#say = say;
    this.#asJson = asJson;
  }

  add(account: string, found: Finding): void {
    this.count++;
    if (found.isRepaired) this.#repaired++;
    if (this.#asJson) {
      this.#say(JSON.stringify({ ...found, account }));
      return;
    }
    const kind = `${printable(found.mailbox?.name ?? '')} (${found.rule})`;
    const sofar = this.#kinds.get(kind) ?? 0;
    this.#kinds.set(kind, sofar + 1);
    if (sofar < TOLD_EACH) this.#say(formatFinding(account, found));
  }

  /** Tells how many findings of the account were left out. */
  endAccount(account: string): void {
    for (const [kind, count] of this.#kinds) {
      if (count > TOLD_EACH) this.#say(`${account}, ${kind}: ${count - TOLD_EACH} more like it`);
    }
    this.#kinds.clear();
  }

  summary(): string {
    if (this.count === 0) return 'all is well';
    const repaired = this.#repaired === 0 ? '' : `, ${this.#repaired} repaired`;
    return `${this.count} ${this.count === 1 ? 'finding' : 'findings'}${repaired}`;
  }
}

/** `mary, INBOX, UID 7, <id@example.com>: its size is ... Repaired: ... (sizes)` */
function formatFinding(account: string, found: Finding): string {
  const { rule, mailbox, uid, messageId, problem } = found;
  const where = [account, mailbox?.name, uid === null ? null : `UID ${uid}`, messageId];
  return printable(`${where.filter((part) => part != null).join(', ')}: ${problem}. ${remedyOf(found)} (${rule})`);
}

function remedyOf({ repair, isRepaired, advice }: Finding): string {
  if (repair === null) return `No repair: ${advice}.`;
  return isRepaired ? `Repaired: ${repair}.` : `With --fix: ${repair}.`;
}

/** Names and Message-IDs come from outside, and terminals obey control characters. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}');
}

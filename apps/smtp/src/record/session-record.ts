import type { AccountId, MailKind, NewTransaction, TransactionOutcome, TransactionStage } from '@postel/storage';
import {
  RECORDED_NAME_CHARACTERS,
  RECORDED_PATH_CHARACTERS,
  RECORDED_REPLY_CHARACTERS,
  RECORDS_A_TRANSACTION,
} from '../limits.ts';
import type { MailTransaction } from '../mail-transaction.ts';
import { replies, type SmtpReply } from '../replies.ts';
import type { Session } from '../session.ts';
import { transmissionType } from '../transmission-type.ts';
import type { AccountEnd } from './transaction-record.ts';
import { uuidV7 } from './uuid-v7.ts';

/** Of link-local IPv6 addresses (RFC 4007 §11); Postgres does not know it. */
const ZONE = /%.*$/;
const PATH = /^[a-z]+: *<(.*?)>(?: |$)/i;

/** What a row is about. */
interface Recorded {
  readonly transactionId: string;
  readonly recipientNo: number;
  readonly stage: TransactionStage;
  readonly reply: SmtpReply | null;
  readonly outcome: TransactionOutcome;
  readonly reversePath: string | null;
  readonly recipient: string | null;
  readonly accountId?: AccountId | null;
  readonly destination?: string | null;
  readonly end?: AccountEnd | null;
}

interface RefusedMail {
  readonly transactionId: string;
  readonly reply: SmtpReply;
  readonly reversePath: string | null;
  recipients: number;
}

/** Tells the recorder what becomes of the mail of one session. */
export class SessionRecord {
  readonly #session: Session;
  /** RCPTs that were sent along with it fail with it: they say whom it was for. */
  #refusedMail: RefusedMail | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The client may not come in. */
  connectionRefused(reply: SmtpReply): void {
    const transactionId = uuidV7(Date.now());
    this.#add([
      this.#row({ ...NOBODY, transactionId, recipientNo: 1, stage: 'connection', reply, outcome: outcomeOf(reply) }),
    ]);
  }

  /** @param account whom the recipient leads to, if it does */
  commandRefused(name: string, argument: string, reply: SmtpReply, account: AccountId | null): void {
    if (name === 'MAIL') this.#mailRefused(argument, reply);
    else if (name === 'RCPT') this.#recipientRefused(argument, reply, account);
  }

  /** What comes now is not sent along with it. */
  forgetRefusedMail(): void {
    this.#refusedMail = null;
  }

  #mailRefused(argument: string, reply: SmtpReply): void {
    if (this.#session.transaction !== null) return; // a nested one, of which nothing comes
    const transactionId = uuidV7(Date.now());
    const reversePath = pathIn(argument);
    this.#refusedMail = { transactionId, reply, reversePath, recipients: 1 };
    const outcome = outcomeOf(reply);
    this.#add([this.#row({ ...NOBODY, transactionId, recipientNo: 1, stage: 'MAIL', reply, outcome, reversePath })]);
  }

  #recipientRefused(argument: string, reply: SmtpReply, accountId: AccountId | null): void {
    const { transaction } = this.#session;
    const recipient = pathIn(argument);
    if (transaction === null) {
      const refused = this.#refusedMail;
      if (refused === null || reply !== replies.needsMail || recipient === null) return;
      const { transactionId, reversePath } = refused;
      const recipientNo = ++refused.recipients;
      const { reply: first } = refused;
      const stage = 'MAIL';
      const outcome = outcomeOf(first);
      this.#add([this.#row({ transactionId, recipientNo, stage, reply: first, outcome, reversePath, recipient })]);
      return;
    }
    const { record, reversePath } = transaction;
    const recipientNo = record.nextNo();
    const at = { transactionId: record.id, recipientNo, stage: 'RCPT' } as const;
    this.#add([this.#row({ ...at, reply, outcome: outcomeOf(reply), reversePath, recipient, accountId }, transaction)]);
  }

  /**
   * What became of all recipients that were accepted.
   *
   * @param replyFor null: nobody was told anything
   */
  settle(transaction: MailTransaction, replyFor: (accounts: readonly AccountId[]) => SmtpReply | null): void {
    const { record } = transaction;
    if (record.isSettled) return;
    record.isSettled = true;
    const rows = this.#rowsOf(transaction, replyFor);
    const isTaken = rows.some(({ replyCode }) => replyCode !== null && replyCode < 400);
    const isSubmitted = this.#session.kind === 'submission';
    const taken = isSubmitted ? 'submitted' : 'received';
    const isLost = rows.every(({ replyCode }) => replyCode === null);
    this.#session.services.recorder.add(rows, isTaken ? taken : isLost ? null : 'refused');
  }

  /** The client did not go on. @param why as people read it */
  breakOff(transaction: MailTransaction, why: string): void {
    if (transaction.record.isSettled || transaction.accepted.length === 0) return;
    transaction.record.isSettled = true;
    const rows = this.#rowsOf(transaction, () => null).map((row) => ({ ...row, replyText: why }));
    this.#session.services.recorder.add(rows, null);
  }

  #rowsOf(
    transaction: MailTransaction,
    replyFor: (accounts: readonly AccountId[]) => SmtpReply | null,
  ): readonly NewTransaction[] {
    const { record, recipients, outgoing, leftOut, reversePath } = transaction;
    const rows: NewTransaction[] = [];
    const add = (about: Pick<Recorded, 'reply' | 'outcome' | 'recipient' | 'accountId' | 'destination' | 'end'>) => {
      if (rows.length >= RECORDS_A_TRANSACTION) return;
      const at = { transactionId: record.id, recipientNo: record.nextNo(), stage: 'message', reversePath } as const;
      rows.push(this.#row({ ...at, ...about }, transaction));
    };
    const addAccount = (accountId: AccountId, recipient: string) => {
      const end = record.endOf(accountId);
      const reply = replyFor([accountId]);
      add({ reply, outcome: end?.outcome ?? outcomeOf(reply), recipient, accountId, end });
    };
    for (const [account, { forwardPath }] of recipients) addAccount(account, forwardPath);
    for (const { forwardPath, alias, groups } of outgoing.recipients) {
      const [group = []] = groups;
      const reply = replyFor(group);
      const outcome = record.going.has(forwardPath) ? 'queued' : outcomeOf(reply);
      const destination = alias === null ? null : forwardPath;
      const end = { outcome, place: null, releaseAt: record.releaseAt } as const;
      add({ reply, outcome, recipient: alias ?? forwardPath, destination, end });
    }
    for (const [accountId, { paths }] of leftOut) {
      const reply = replyFor([]);
      add({ reply, outcome: outcomeOf(reply), recipient: paths[0]?.forwardPath ?? null, accountId });
    }
    for (const [account, { forwardPath, paths }] of recipients) {
      const others = new Set(paths.map((path) => path.forwardPath));
      others.delete(forwardPath);
      for (const path of others) addAccount(account, path);
    }
    return rows;
  }

  #add(rows: readonly NewTransaction[]): void {
    const kind: MailKind = 'refused';
    this.#session.services.recorder.add(rows, kind);
  }

  #row(about: Recorded, transaction: MailTransaction | null = null): NewTransaction {
    const { wire, greeting, account, kind, listenerName } = this.#session;
    const { transactionId, recipientNo, stage, reply, outcome, reversePath, recipient, accountId, destination } = about;
    const { end } = about;
    const isMessage = stage === 'message';
    const { record } = transaction ?? {};
    const address = wire.remoteAddress.replace(ZONE, '');
    const text = reply === null ? null : typeof reply[2] === 'string' ? reply[2] : reply[2].join(' ');
    return {
      transactionId,
      recipientNo,
      settledAt: Date.now(),
      folded: null,
      listener: listenerName,
      protocol: transmissionType(this.#session, transaction?.isUtf8 ?? false),
      connectionId: wire.id,
      messageNo: isMessage ? (record?.messageNo ?? null) : null,
      clientAddress: address === '' ? null : address,
      clientName: greeting?.clientName.slice(0, RECORDED_NAME_CHARACTERS) ?? null,
      tlsVersion: wire.tls?.protocol ?? null,
      senderAccountId: kind === 'submission' ? (account?.accountId ?? null) : null,
      reversePath,
      recipient,
      destination: destination ?? null,
      accountId: accountId ?? null,
      messageId: isMessage ? (record?.messageId ?? null) : null,
      sizeOctets: isMessage ? (record?.sizeOctets ?? null) : null,
      checks: isMessage ? (record?.checks ?? null) : null,
      stage,
      outcome,
      replyCode: reply?.[0] ?? null,
      replyStatus: reply?.[1] ?? null,
      // Of who was told yes there is no more to say.
      replyText: reply === null || reply[0] < 400 ? null : cut(text, RECORDED_REPLY_CHARACTERS),
      uidvalidity: end?.place?.uidvalidity ?? null,
      uid: end?.place?.uid ?? null,
      releaseAt: end?.releaseAt?.getTime() ?? null,
    };
  }
}

const NOBODY = { reversePath: null, recipient: null } as const;

/** Of what has come to no end of its own: under a yes, an account that was removed meanwhile. */
function outcomeOf(reply: SmtpReply | null): TransactionOutcome {
  if (reply === null) return 'broken-off';
  return reply[0] >= 500 ? 'refused' : reply[0] >= 400 ? 'deferred' : 'left-out';
}

/** The argument of MAIL or RCPT, which may be none that is understood: its characters have been looked at. */
function pathIn(argument: string): string | null {
  const [, path] = PATH.exec(argument) ?? [];
  return path === undefined ? null : cut(path, RECORDED_PATH_CHARACTERS);
}

const cut = (text: string | null, characters: number): string | null =>
  text === null ? null : text.slice(0, characters).toWellFormed();

import { setTimeout as pause } from 'node:timers/promises';
import { ConnectionEnded, type Endpoint } from './connection.ts';
import type { Login } from './imap-session.ts';
import type { Change, Ledger, Message, Operation } from './ledger.ts';
import type { Stopping } from './mail-client.ts';
import { BLOB_OCTETS, makeMessage } from './make-message.ts';
import type { Random } from './random.ts';
import { type SmtpReply, SmtpSession } from './smtp-session.ts';

const LARGE_SHARE = 0.08;
const RECONNECT_PAUSE_MS = 20;
const LONGEST_THOUGHT_MS = 80;

/** How mail comes in. LMTP answers for each recipient (RFC 2033 §4.2), the others for all of them together. */
export type Way = 'MX' | 'LMTP' | 'submission';

/** Somebody who sends mail to the accounts here, one message after another, and never one again. */
export class Sender implements Disposable {
  readonly name: string;
  readonly #way: Way;
  readonly #login: Login;
  readonly #endpoint: Endpoint;
  readonly #ledger: Ledger;
  readonly #random: Random;
  #session: SmtpSession | null = null;
  #nextMessage = 1;

  constructor(name: string, way: Way, login: Login, endpoint: Endpoint, ledger: Ledger, random: Random) {
    this.name = name;
    this.#way = way;
    this.#login = login;
    this.#endpoint = endpoint;
    this.#ledger = ledger;
    this.#random = random;
  }

  async run(stopping: Stopping, accounts: readonly string[]): Promise<void> {
    const random = this.#random;
    while (!stopping.isStopping) {
      const isLarge = random.chance(LARGE_SHARE);
      const octets = isLarge ? BLOB_OCTETS + random.below(BLOB_OCTETS) : 200 + random.below(4_000);
      await this.send(random.sample(accounts, 1 + random.below(accounts.length)), octets);
      await pause(random.below(LONGEST_THOUGHT_MS));
    }
  }

  /**
   * Sends one message. A connection that is not there is made first; one that ends is left.
   *
   * @param sent called when the final dot is on its way
   * @returns whether it was accepted for all of them
   */
  async send(accounts: readonly string[], octets: number, sent: () => void = () => {}): Promise<boolean> {
    try {
      const login = this.#way === 'submission' ? this.#login : null;
      this.#session ??= await SmtpSession.open(this.#endpoint, this.#way === 'LMTP' ? 'LHLO' : 'EHLO', login);
      if (this.#session !== null) return await this.#send(this.#session, accounts, octets, sent);
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      this[Symbol.dispose]();
    }
    await pause(RECONNECT_PAUSE_MS);
    return false;
  }

  async #send(session: SmtpSession, accounts: readonly string[], octets: number, sent: () => void): Promise<boolean> {
    const replies = [
      await session.command(`MAIL FROM:<${this.#login.name}@crash.example>`),
      ...(await inTurn(accounts, (account) => session.command(`RCPT TO:<${account}@crash.example>`))),
    ];
    if (replies.some(({ code }) => code >= 300)) {
      await session.command('RSET');
      return false;
    }
    const { message, content } = makeMessage(
      `${this.name}.${this.#nextMessage++}@crash.example`,
      this.#login.name,
      this.#random,
      octets,
    );
    const operations = this.#begin(message, accounts);
    let answered = 0;
    try {
      const go = await session.command('DATA');
      if (go.code === 354) await session.sendMessage(content, sent);
      const isOneForAll = this.#way !== 'LMTP';
      let reply = go;
      for (const operation of operations) {
        if (go.code === 354 && (answered === 0 || !isOneForAll)) reply = await session.reply();
        this.#end(operation, reply, isOneForAll && operations.length > 1);
        answered++;
      }
      return operations.every(({ outcome }) => outcome === 'acknowledged');
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      for (const operation of operations.slice(answered)) this.#ledger.end(operation, 'lost', error.message);
      throw error;
    }
  }

  #begin(message: Message, accounts: readonly string[]): readonly Operation[] {
    const added = (account: string): Change => {
      const mailbox = this.#ledger.mailbox(account, 'INBOX');
      return { type: 'added', mailbox, message, flags: '', owner: null };
    };
    const text = (to: string) => `${message.id} to ${to}, ${message.octets} octets`;
    // One each: an account's copy is a transaction of its own.
    return accounts.map((account) => this.#ledger.begin(this.name, this.#way, text(account), [added(account)]));
  }

  /**
   * Where one answer is for several, and the database goes away between their transactions, 4yz may be said though some have their copy: docs/operations.md,
   * When a message may come twice. Each is then as if its answer had been lost.
   */
  #end(operation: Operation, { code, text }: SmtpReply, isForSeveral: boolean): void {
    if (code === 250) this.#ledger.end(operation, 'acknowledged', text);
    else this.#ledger.end(operation, isForSeveral && code < 500 ? 'lost' : 'refused', text);
  }

  [Symbol.dispose](): void {
    this.#session?.[Symbol.dispose]();
    this.#session = null;
  }
}

async function inTurn<Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await ask(item));
  return results;
}

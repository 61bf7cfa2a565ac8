import { setTimeout as pause } from 'node:timers/promises';
import { type Checked, Checker } from './check.ts';
import { CrashServer, type Running } from './crash-server.ts';
import type { Login } from './imap-session.ts';
import { type Difference, Ledger, type Mailbox } from './ledger.ts';
import { MailClient, type Stopping } from './mail-client.ts';
import { afterTheirEnd, kill9, type ProcessIdentity } from './process-tree.ts';
import { Random } from './random.ts';
import { Sender } from './sender.ts';
import { choose, type Target } from './targets.ts';

/** Who works in which account. */
const CLIENTS = { alice: 3, bob: 2, carol: 1 } as const;
/** Sees from when on mail is taken again; in an account of its own. */
const PROBE = 'probe';
const ACCOUNTS = [...Object.keys(CLIENTS), PROBE];

const RECOVERY_MS = 60_000;
const END_OF_PROCESS_MS = 15_000;
const STOP_MS = 40_000;
const SHORTEST_LOAD_MS = 150;
const LONGEST_LOAD_MS = 900;
const LONGEST_LOAD_AFTER_MS = 250;
const PROBE_OCTETS = 500;
/**
 * A supervisor that lost so many processes is ended in order and started anew: it would wait ever longer before it starts
 * another one (docs/operations.md), and a run would be spent on that.
 */
const KILLS_OF_ONE_SUPERVISOR = 4;
/** Every so many rounds the octets of all messages are read again. */
const WHOLE_EVERY = 20;

export interface Round {
  readonly number: number;
  readonly target: Target;
  /** Processes that were killed. */
  readonly killed: number;
  /** From the kill to the first message acknowledged by IMAP and by LMTP. */
  readonly restartMs: number;
  readonly checked: Checked;
}

/** A server with its clients and the ledger of what it told them, on one data directory from the first round to the last. */
export class CrashRun implements AsyncDisposable {
  readonly ledger = new Ledger();
  readonly server: CrashServer;
  readonly clients: readonly MailClient[];
  readonly mxSender: Sender;
  readonly senders: readonly Sender[];
  readonly #random: Random;
  readonly #imapProbe: MailClient;
  readonly #lmtpProbe: Sender;
  readonly #checker: Checker;
  readonly #seen = new Map<string, ProcessIdentity>();
  /** Since the supervisor was started. */
  #kills = 0;

  private constructor(server: CrashServer, seed: number) {
    const { ledger } = this;
    const random = (name: string) => new Random(seed, name);
    const login = (name: string): Login => ({ name, password: `password-of-${name}` });
    const mailClient = (name: string, account: string) =>
      new MailClient(name, login(account), server.imap, ledger, random(name));
    this.server = server;
    this.clients = Object.entries(CLIENTS).flatMap(([account, count]) =>
      Array.from({ length: count }, (_, i) => mailClient(`${account}${i + 1}`, account)),
    );
    const alice = login('alice');
    this.mxSender = new Sender('mx', 'MX', alice, server.mx, ledger, random('mx'));
    this.senders = [
      this.mxSender,
      new Sender('submission', 'submission', alice, server.submission, ledger, random('submission')),
      new Sender('lmtp', 'LMTP', alice, server.lmtp, ledger, random('lmtp')),
    ];
    this.#random = random('rounds');
    this.#imapProbe = mailClient('imap-probe', PROBE);
    this.#lmtpProbe = new Sender('lmtp-probe', 'LMTP', alice, server.lmtp, ledger, random('lmtp-probe'));
    this.#checker = new Checker(server, ledger, ACCOUNTS.map(login));
  }

  /** Starts a server with new accounts in a directory of its own. */
  static async start(directory: string, seed: number, { imapProcesses = 2 } = {}): Promise<CrashRun> {
    const run = new CrashRun(await CrashServer.prepare(directory, imapProcesses), seed);
    try {
      await run.server.start();
      await Promise.all(ACCOUNTS.map((name) => run.server.addAccount({ name, password: `password-of-${name}` })));
      await run.#writeDownWhatIsThere();
      run.#noteProcesses();
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #writeDownWhatIsThere(): Promise<void> {
    const observed = await this.#checker.observe();
    for (const name of ACCOUNTS) {
      const account = this.ledger.addAccount(name);
      const found = observed.get(name);
      for (const subscription of found?.subscriptions ?? []) account.subscriptions.add(subscription);
      for (const { name: mailboxName, uidvalidity } of found?.mailboxes.values() ?? []) {
        const mailbox: Mailbox = { account: name, name: mailboxName, owner: null, uidvalidity, copies: new Map() };
        account.mailboxes.set(mailboxName, mailbox);
      }
    }
    const { differences } = await this.#checker.check({ isWhole: true });
    if (differences.length > 0) throw new Error(`The new server is not in order: ${JSON.stringify(differences)}`);
  }

  /** Everybody works; at some moment the target is killed; they go on until it is back, and everything is compared. */
  async round(target: Target): Promise<Round> {
    const random = this.#random;
    return await this.crash(
      target,
      async (stopping) => {
        await Promise.all([
          ...this.clients.map((client) => client.run(stopping)),
          ...this.senders.map((sender) => sender.run(stopping, Object.keys(CLIENTS))),
        ]);
      },
      () => pause(SHORTEST_LOAD_MS + random.below(LONGEST_LOAD_MS - SHORTEST_LOAD_MS)),
    );
  }

  /**
   * @param load works until it is told to stop
   * @param moment called when the load has begun; resolves when the target is to be killed
   * @throws if the server does not come back
   */
  async crash(
    target: Target,
    load: (stopping: Stopping) => Promise<void>,
    moment: () => Promise<void>,
  ): Promise<Round> {
    if (this.#kills >= KILLS_OF_ONE_SUPERVISOR) await this.#restartInOrder();
    const number = ++this.ledger.round;
    const stopping = { isStopping: false };
    const loaded = load(stopping);
    loaded.catch(() => {}); // told below, when it is waited for
    await moment();
    const before = this.#noteProcesses();
    const named = this.server.running();
    const victims = choose(this.server, target, this.#random);
    for (const { pid } of victims) kill9(pid);
    this.#kills++;
    const killedAt = performance.now();
    try {
      // App processes that outlive the supervisor answer for some moments: what counts is what comes after them.
      if (target === 'supervisor' || target === 'all') await this.#startAgain();
      const isBack = this.#recover(victims);
      const restartMs = (await this.#firstAnswer(isBack)) - killedAt;
      await isBack;
      await pause(this.#random.below(LONGEST_LOAD_AFTER_MS));
      stopping.isStopping = true;
      await loaded;
      const differences = [...this.#fellWith(named, victims), ...(await this.#leftOver(before))];
      const checked = await this.check({ isWhole: number % WHOLE_EVERY === 0 });
      const all = { ...checked, differences: [...differences, ...checked.differences] };
      return { number, target, killed: victims.length, restartMs, checked: all };
    } finally {
      stopping.isStopping = true;
      await loaded.catch(() => {});
    }
  }

  async check(options: { readonly isWhole: boolean }): Promise<Checked> {
    const checked = await this.#checker.check(options);
    for (const client of [...this.clients, this.#imapProbe]) client.settled();
    this.#giveAway();
    return checked;
  }

  async #startAgain(): Promise<void> {
    await this.server.supervisorEnd();
    await this.server.start();
    this.#kills = 0;
  }

  async #restartInOrder(): Promise<void> {
    await this.server.stop(STOP_MS);
    await this.server.start();
    this.#kills = 0;
  }

  async #recover(victims: readonly ProcessIdentity[]): Promise<void> {
    if (!this.server.isSupervised) throw new Error('the supervisor ended, and nobody had killed it');
    if (await this.server.recovered(victims, RECOVERY_MS)) return;
    throw new Error(`the server did not come back within ${RECOVERY_MS / 1_000} s`);
  }

  /** @returns when a message has been acknowledged by IMAP and one by LMTP, both sent after the kill */
  async #firstAnswer(isBack: Promise<void>): Promise<number> {
    let hasFailed = false;
    isBack.catch(() => {
      hasFailed = true;
    });
    const inbox = this.ledger.mailbox(PROBE, 'INBOX');
    const until = async (attempt: () => Promise<boolean>) => {
      while (!(await attempt()) && !hasFailed);
    };
    this.#imapProbe[Symbol.dispose]();
    this.#lmtpProbe[Symbol.dispose]();
    await Promise.all([
      until(() => this.#imapProbe.attempt(() => this.#imapProbe.appendTo(inbox, [PROBE_OCTETS]))),
      until(() => this.#lmtpProbe.send([PROBE], PROBE_OCTETS)),
    ]);
    return performance.now();
  }

  /** Processes that were there before the kill, were not killed, and are not there any more. */
  #fellWith(before: Running | null, victims: readonly ProcessIdentity[]): readonly Difference[] {
    const killed = new Set(victims.map(({ pid }) => pid));
    const now = this.server.running();
    if (before === null || now === null || killed.has(before.supervisor)) return [];
    const there = new Set([now.postgres, ...now.apps.map(({ pid }) => pid)]);
    const all = [...before.apps, ...(before.postgres === null ? [] : [{ name: 'postmaster', pid: before.postgres }])];
    return all
      .filter(({ pid }) => !killed.has(pid) && !there.has(pid))
      .map(({ name, pid }) => ({ what: `process ${pid} (${name}) ended too, and nobody had killed it` }));
  }

  /** Processes from before the kill that neither ended with it nor belong to the server that runs now. */
  async #leftOver(before: readonly ProcessIdentity[]): Promise<readonly Difference[]> {
    const now = new Set(this.#noteProcesses().map(({ pid }) => pid));
    const left = await afterTheirEnd(
      before.filter(({ pid }) => !now.has(pid)),
      END_OF_PROCESS_MS,
    );
    return left.map(({ pid, name }) => ({ what: `process ${pid} (${name}) was left over` }));
  }

  /** Messages that were delivered become those of clients, which file and remove them. */
  #giveAway(): void {
    for (const { name, mailboxes } of this.ledger.accounts.values()) {
      const owners = this.clients.filter(({ login }) => login.name === name);
      if (owners.length === 0) continue;
      for (const mailbox of mailboxes.values()) {
        for (const copy of mailbox.copies.values()) copy.owner ??= this.#random.pick(owners).name;
      }
    }
  }

  #noteProcesses(): readonly ProcessIdentity[] {
    const processes = this.server.processes();
    for (const each of processes) this.#seen.set(`${each.pid} ${each.startedAt}`, each);
    return processes;
  }

  /** Stops the server. @returns what of it is still there, of all rounds */
  async stop(): Promise<readonly Difference[]> {
    this.#noteProcesses();
    for (const each of [...this.clients, ...this.senders, this.#imapProbe, this.#lmtpProbe]) each[Symbol.dispose]();
    await this.server.stop(STOP_MS);
    const left = await afterTheirEnd([...this.#seen.values()], END_OF_PROCESS_MS);
    return left.map(({ pid, name }) => ({ what: `process ${pid} (${name}) was left over after the end` }));
  }

  /** Ends whatever still runs, at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [...this.clients, ...this.senders, this.#imapProbe, this.#lmtpProbe]) each[Symbol.dispose]();
    this.#noteProcesses();
    await this.server.stop(STOP_MS);
    const left = await afterTheirEnd([...this.#seen.values()], 0);
    for (const { pid } of left) kill9(pid);
    await afterTheirEnd(left, END_OF_PROCESS_MS);
  }
}

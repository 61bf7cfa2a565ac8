import assert from 'node:assert/strict';
import { joinCopied } from '../copy-messages.ts';
import { StorageError } from '../errors.ts';
import type { AccountId, MailboxId, ModSeq } from '../ids.ts';
import { SharedMailbox } from '../shared-mailbox.ts';
import { arrivalOf, contentOf, messagesIn, RecordingWatcher, type TestStorage } from '../storage-for-tests.ts';
import type { Store } from '../store.ts';
import { formatRanges, rangesOf } from '../uid-ranges.ts';
import { verifyAccount } from '../verify/verify-account.ts';
import { AccountModel, type Change, emptyMailbox, type ModelMailbox, type Outcome } from './account-model.ts';
import { compareRemoved, learnRemovals } from './compare-removed.ts';
import { changeFor, contentOfLength, DELIVERY_PREFIX, type Step, type UpkeepOf, type WishOf } from './model-steps.ts';
import { ModelUpkeep } from './model-upkeep.ts';

/** After so many steps every mailbox is compared, not only those that the step touched. */
const COMPARE_ALL_EVERY = 20;
const NOWHERE = 999_999_999 as MailboxId;

/** A mailbox that one process has had open for long, and what it was told of it. */
interface LongView {
  /** Null: of a process that hears of nothing, and looks only when told to. */
  readonly store: Store | null;
  readonly mailbox: SharedMailbox;
  readonly watcher: RecordingWatcher;
  /** UIDs that it was told went. */
  readonly gone: Set<number>;
  uids: readonly number[];
  uidNext: number;
  seq: number;
}

interface Done {
  readonly change: Change;
  readonly outcome: Outcome;
}

/** Plays steps on an account of its own, and compares it with the model after each. */
export class ModelRun {
  readonly #storage: TestStorage;
  readonly #stores: readonly Store[];
  readonly #account: AccountId;
  readonly #model: AccountModel;
  readonly #ids = new Map<number, MailboxId>();
  readonly #views = new Map<string, LongView>();
  /** Those that lag, by UIDVALIDITY. */
  readonly #lagging = new Map<number, LongView>();
  readonly #upkeep: ModelUpkeep;
  #nextInternalDate = 1_000;
  #steps = 0;

  private constructor(storage: TestStorage, stores: readonly Store[], account: AccountId, model: AccountModel) {
    this.#storage = storage;
    this.#stores = stores;
    this.#account = account;
    this.#model = model;
    this.#upkeep = new ModelUpkeep(storage, account, model);
  }

  /** @param stores each as a process of its own */
  static async start(storage: TestStorage, stores: readonly Store[]): Promise<ModelRun> {
    const { account } = await storage.newAccount();
    const mailboxes = await storage.store.mailboxes.list(account);
    const [row] = await storage.sql<{ modseq: number; uidvalidity: number }[]>`
      select modseq, next_uidvalidity as uidvalidity from accounts where account_id = ${account}`;
    const model = new AccountModel(
      row?.modseq ?? 0,
      row?.uidvalidity ?? 0,
      mailboxes.map(({ uidvalidity, name, specialUse, highestModSeq }) =>
        emptyMailbox(uidvalidity, name, specialUse, highestModSeq),
      ),
      mailboxes.filter(({ isSubscribed }) => isSubscribed).map(({ name }) => name),
    );
    const run = new ModelRun(storage, stores, account, model);
    await run.#compare('all');
    return run;
  }

  /** @throws {AssertionError} if the store is not as the model then */
  async play(step: Step): Promise<void> {
    const { modseq } = this.#model;
    await this.#take(step);
    const touched = this.#model.live().filter(({ highestModSeq }) => highestModSeq > modseq);
    await this.#compare(++this.#steps % COMPARE_ALL_EVERY === 0 ? 'all' : touched);
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'one':
        return await this.#change(step.wishes, [], 'any');
      case 'together':
        return await this.#change(step.wishes, step.upkeep, 'one');
      case 'upkeep':
        return await this.#change([], step.upkeep, 'any');
      case 'restore':
        return await this.#upkeep.restore(step.mailbox);
      case 'purge':
        return await this.#upkeep.purge(step.mailbox);
      case 'quota':
        return await this.#setQuota(step.quota);
      case 'retention':
        return await this.#upkeep.setRetention(step.retention);
      case 'age':
        return await this.#upkeep.age(step.minutes);
      case 'close':
        return this.#close(step.mailbox);
      case 'catch-up':
        return await this.#catchUp(step.mailbox);
      default:
        return step satisfies never;
    }
  }

  /** The last look, with what `postel verify` recomputes. */
  async end(): Promise<void> {
    await this.#compare('all');
    for (const [uidvalidity, view] of this.#lagging)
      await this.#compareView(view, () => this.#lagging.delete(uidvalidity));
    assert.deepEqual(
      await Array.fromAsync(verifyAccount(this.#storage.sql, this.#account, { blobs: null })),
      [],
      'what verify finds',
    );
    assert.deepEqual(this.#storage.errors, []);
    for (const view of this.#views.values()) view.store?.closeMailbox(view.mailbox, view.watcher);
    await this.#upkeep.close();
  }

  async #setQuota(quota: AccountModel['quota']): Promise<void> {
    this.#model.quota = quota;
    await this.#storage.sql`
      update accounts set quota_octets = ${quota.octets}, quota_messages = ${quota.messages}, quota_mailboxes = ${quota.mailboxes}
       where account_id = ${this.#account}`;
  }

  #close(name: string): void {
    const { uidvalidity } = this.#model.named(name) ?? {};
    for (const [key, view] of this.#views) {
      if (view.mailbox.uidvalidity !== uidvalidity) continue;
      view.store?.closeMailbox(view.mailbox, view.watcher);
      this.#views.delete(key);
    }
  }

  async #catchUp(name: string): Promise<void> {
    for (const [uidvalidity, view] of this.#lagging) {
      // Also where the mailbox was deleted, and pruned: then nothing says what it was called.
      if ((this.#model.mailboxes.get(uidvalidity)?.name ?? name) !== name) continue;
      await this.#compareView(view, () => this.#lagging.delete(uidvalidity));
    }
  }

  async #change(wishes: readonly WishOf[], upkeep: readonly UpkeepOf[], spelling: 'any' | 'one'): Promise<void> {
    const planned = wishes.flatMap((each) => {
      const change = changeFor(each, this.#model, this.#nextInternalDate++, spelling);
      return change === null ? [] : [{ store: this.#store(each.store), change }];
    });
    const [done] = await Promise.all([
      Promise.all(planned.map(async ({ store, change }) => ({ change, outcome: await this.#perform(store, change) }))),
      Promise.all(upkeep.map(({ store, work }) => this.#upkeep.work(this.#store(store), work))),
    ]);
    this.#replay(done);
    await learnRemovals(this.#storage, this.#account, this.#model);
    await this.#upkeep.settle(upkeep.map(({ work }) => work));
  }

  #store(at: number): Store {
    return this.#stores[at] ?? this.#storage.store;
  }

  /**
   * Applies to the model what was done, in the order of modseqs, which is the order of the commits. What changed nothing has
   * none: it must be right as of some moment between two of those.
   */
  #replay(done: readonly Done[]): void {
    const changed = done.filter(({ outcome }) => outcome.modseq !== null).sort(byCommit);
    let others = done.filter(({ outcome }) => outcome.modseq === null);
    const settle = () => {
      others = others.filter(({ change, outcome }) => {
        if (!isSame(this.#model.clone().apply(change), outcome)) return true;
        this.#model.apply(change); // what it changed has no modseq: keywords that the mailbox now knows
        return false;
      });
    };
    settle();
    for (const { change, outcome } of changed) {
      const isShared = isArrival(change) && outcome.modseq === this.#model.modseq;
      assert.deepEqual(outcome, this.#model.apply(change, isShared), `the outcome of ${describe(change)}`);
      settle();
    }
    for (const { change, outcome } of others)
      assert.deepEqual(outcome, this.#model.apply(change), `the outcome of ${describe(change)}`);
  }

  async #perform(store: Store, change: Change): Promise<Outcome> {
    try {
      return await this.#ask(store, change);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return { status: error.kind, modseq: null, told: '' };
    }
  }

  async #ask(store: Store, change: Change): Promise<Outcome> {
    const account = this.#account;
    const id = 'mailbox' in change ? (this.#ids.get(change.mailbox) ?? NOWHERE) : NOWHERE;
    const ok = (modseq: number | null, told = ''): Outcome => ({ status: 'ok', modseq, told });
    switch (change.type) {
      case 'append':
      case 'deliver': {
        const isAppend = change.type === 'append';
        const prefixOctets = isAppend ? 0 : DELIVERY_PREFIX.length;
        const { uid, uidvalidity, modseq } = await store.arrivals.append(account, {
          mailbox: isAppend ? id : 'INBOX',
          content: await contentOf(store, contentOfLength(change.size - prefixOctets - contentOfLength(0).length)),
          flags: { system: change.flags, keywords: change.keywords },
          internalDate: change.internalDate,
          arrival: isAppend ? null : arrivalOf('mary@example.com', DELIVERY_PREFIX),
        });
        return ok(modseq, `UID ${uid} of ${uidvalidity}`);
      }
      case 'flags': {
        const since = change.unchangedSince as ModSeq | null;
        const done = await store.changeFlags(account, id, rangesOf(change.uids), change.edit, since);
        return ok(done.modseq, `changed ${formatRanges(done.changed)}, left ${formatRanges(done.conflicts)}`);
      }
      case 'copy': {
        const target = this.#ids.get(change.target) ?? NOWHERE;
        const uids = rangesOf(change.uids);
        const done =
          change.what === 'move'
            ? joinCopied(await Array.fromAsync(store.move(account, id, uids, target)))
            : await store.copy(account, id, uids, target, change.what);
        if (done === null) return { status: 'expunged', modseq: null, told: '' };
        const told = `${formatRanges(done.source)} became ${formatRanges(done.target)} of ${done.uidvalidity}`;
        return ok(done.modseq, told);
      }
      case 'expunge':
        return ok(await store.expunge(account, id, rangesOf(change.uids)));
      case 'create': {
        const { modseq, uidvalidity } = await store.mailboxes.create(account, change.name, change.specialUse);
        return ok(modseq, `UIDVALIDITY ${uidvalidity}`);
      }
      case 'delete':
        return ok(await store.mailboxes.delete(account, id, change.name));
      case 'rename':
        return ok(await store.mailboxes.rename(account, change.from, change.to));
      case 'subscribe':
        return ok(await store.mailboxes.subscribe(account, change.name));
      case 'unsubscribe':
        return ok(await store.mailboxes.unsubscribe(account, change.name));
      default:
        return change satisfies never;
    }
  }

  async #compare(which: 'all' | readonly ModelMailbox[]): Promise<void> {
    await this.#compareAccount();
    await compareRemoved(this.#storage, this.#account, this.#model);
    if (which === 'all') await this.#upkeep.compareList();
    const live = this.#model.live();
    await Promise.all((which === 'all' ? live : which).map((mailbox) => this.#compareFresh(mailbox)));
    for (const mailbox of live) {
      const stores = mailbox.name === 'INBOX' ? this.#stores.keys() : [mailbox.uidvalidity % this.#stores.length];
      for (const at of stores) {
        const key = `${at}/${mailbox.uidvalidity}`;
        const view = this.#views.get(key) ?? (await this.#openView(at, mailbox));
        this.#views.set(key, view);
      }
      if (!this.#lagging.has(mailbox.uidvalidity))
        this.#lagging.set(mailbox.uidvalidity, await this.#openLagging(mailbox));
    }
    for (const [key, view] of this.#views) await this.#compareView(view, () => this.#views.delete(key));
  }

  async #openView(at: number, { uidvalidity }: ModelMailbox): Promise<LongView> {
    const store = this.#store(at);
    const watcher = new RecordingWatcher();
    const mailbox = await store.openMailbox(this.#account, this.#ids.get(uidvalidity) ?? NOWHERE, watcher);
    return viewOf(store, mailbox, watcher);
  }

  async #openLagging({ uidvalidity }: ModelMailbox): Promise<LongView> {
    const id = this.#ids.get(uidvalidity) ?? NOWHERE;
    const mailbox = await SharedMailbox.load(this.#storage.sql, this.#account, id);
    const watcher = new RecordingWatcher();
    mailbox.watch(watcher);
    return viewOf(null, mailbox, watcher);
  }

  async #compareAccount(): Promise<void> {
    const { store, sql } = this.#storage;
    const [listed, subscriptions, [row]] = await Promise.all([
      store.mailboxes.list(this.#account),
      store.mailboxes.listSubscriptions(this.#account),
      sql<object[]>`
        select modseq, next_uidvalidity as "nextUidvalidity", used_messages as messages, used_octets as octets,
               used_mailboxes as mailboxes from accounts where account_id = ${this.#account}`,
    ]);
    for (const { uidvalidity, id } of listed) this.#ids.set(uidvalidity, id);
    const model = this.#model;
    assert.deepEqual(
      { ...row },
      { modseq: model.modseq, nextUidvalidity: model.nextUidvalidity, ...model.use() },
      'the account',
    );
    assert.deepEqual(subscriptions.toSorted(), [...model.subscriptions].sort(), 'subscriptions');
    assert.deepEqual(
      listed.map(({ id: _, recent: __, recentUid: ___, ...mailbox }) => mailbox).sort(byUidvalidity),
      model
        .live()
        .map((mailbox) => this.#listed(mailbox))
        .sort(byUidvalidity),
      'the list of mailboxes',
    );
  }

  #listed({ uidvalidity, name, specialUse, uidNext, highestModSeq, messages }: ModelMailbox) {
    const all = [...messages.values()];
    const deleted = all.filter(({ flags }) => flags & 8);
    const octetsOf = (some: typeof all) => some.reduce((sum, { size }) => sum + size, 0);
    return {
      account: this.#account,
      name,
      specialUse,
      uidvalidity,
      uidNext,
      highestModSeq,
      messages: all.length,
      unseen: all.filter(({ flags }) => !(flags & 1)).length,
      deleted: deleted.length,
      octets: octetsOf(all),
      deletedOctets: octetsOf(deleted),
      isSubscribed: this.#model.subscriptions.has(name),
      isRejects: false,
    };
  }

  /** What somebody sees who opens the mailbox now, and what FETCH reads of its messages. */
  async #compareFresh(mailbox: ModelMailbox): Promise<void> {
    const { sql, store } = this.#storage;
    const id = this.#ids.get(mailbox.uidvalidity) ?? NOWHERE;
    const uids = [...mailbox.messages.keys()];
    const [fresh, fetched] = await Promise.all([
      SharedMailbox.load(sql, this.#account, id),
      store.fetchMessages(this.#account, id, uids, {}),
    ]);
    this.#compareMessages(fresh, mailbox);
    const { modseq: seq } = this.#model;
    const { highestModSeq, uidNext, uidvalidity } = mailbox;
    assert.partialDeepStrictEqual({ ...pick(fresh) }, { seq, highestModSeq, uidNext, uidvalidity, lost: null });
    assert.deepEqual(
      fetched.map(({ uid, sizeOctets: size, internalDate }) => ({ uid, size, internalDate })),
      [...mailbox.messages.values()].map(({ uid, size, internalDate }) => ({ uid, size, internalDate })),
      `what is fetched of ${mailbox.name}`,
    );
  }

  #compareMessages(shared: SharedMailbox, mailbox: ModelMailbox): void {
    assert.deepEqual(
      messagesIn(shared).map((message) => ({ ...message, keywords: message.keywords.toSorted() })),
      [...mailbox.messages.values()].map(({ uid, modSeq, flags, keywords }) => ({
        uid,
        modSeq,
        flags,
        keywords: keywords.map((name) => mailbox.spellings.get(name) ?? name).sort(),
      })),
      `messages of ${mailbox.name}`,
    );
  }

  /** What a process sees that has had the mailbox open, and whether what it was told of leads there. */
  async #compareView(view: LongView, forget: () => void): Promise<void> {
    const { mailbox: shared, watcher } = view;
    const mailbox = this.#model.mailboxes.get(shared.uidvalidity);
    await shared.refresh();
    if (mailbox === undefined || mailbox.isDeleted) {
      assert.equal(shared.lost, 'deleted');
      view.store?.closeMailbox(shared, watcher);
      return forget();
    }
    this.#compareMessages(shared, mailbox);
    const removed = watcher.removals.splice(0);
    const survivors = new Set(view.uids);
    for (const uid of removed) {
      assert.ok(!view.gone.has(uid), `UID ${uid} of ${mailbox.name} went twice`);
      view.gone.add(uid);
      // What came and went since we looked last may have been seen in between.
      assert.ok(
        survivors.delete(uid) || uid >= view.uidNext,
        `UID ${uid} of ${mailbox.name} went, which was not there`,
      );
    }
    const now = [...shared.table.uids()];
    assert.deepEqual(
      [...survivors],
      now.filter((uid) => uid < view.uidNext),
      `removals told of ${mailbox.name}`,
    );
    assert.deepEqual(
      [...shared.changedSince(view.seq)],
      [...mailbox.messages.values()].filter(({ modSeq }) => modSeq > view.seq).map(({ uid }) => uid),
      `what changed in ${mailbox.name} since ${view.seq}`,
    );
    view.uids = now;
    view.uidNext = shared.uidNext;
    view.seq = shared.seq;
  }
}

function viewOf(store: Store | null, mailbox: SharedMailbox, watcher: RecordingWatcher): LongView {
  const { table, uidNext, seq } = mailbox;
  return { store, mailbox, watcher, gone: new Set(), uids: [...table.uids()], uidNext, seq };
}

const pick = ({ seq, highestModSeq, uidNext, uidvalidity, lost }: SharedMailbox) => ({
  seq,
  highestModSeq,
  uidNext,
  uidvalidity,
  lost,
});
const byUidvalidity = (a: { readonly uidvalidity: number }, b: { readonly uidvalidity: number }) =>
  a.uidvalidity - b.uidvalidity;
const isArrival = ({ type }: Change) => type === 'append' || type === 'deliver';
const isSame = (a: Outcome, b: Outcome) => a.status === b.status && a.modseq === b.modseq && a.told === b.told;
const describe = (change: Change) => JSON.stringify(change);

/** Appends that shared a transaction have one modseq; in it they were made by mailbox, and by UID. */
function byCommit({ outcome: a }: Done, { outcome: b }: Done): number {
  return (a.modseq ?? 0) - (b.modseq ?? 0) || order(a) - order(b);
}

function order({ told }: Outcome): number {
  const [, uid = 0, uidvalidity = 0] = /^UID (\d+) of (\d+)$/.exec(told) ?? [];
  return Number(uidvalidity) * 2 ** 20 + Number(uid);
}

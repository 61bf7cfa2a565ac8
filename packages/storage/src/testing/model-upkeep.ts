import assert from 'node:assert/strict';
import { StorageError } from '../errors.ts';
import type { AccountId } from '../ids.ts';
import { releaseExpired } from '../release-expired.ts';
import { type PurgedPart, RemovedMail, type RestoredPart } from '../removed-mail.ts';
import type { TestStorage } from '../storage-for-tests.ts';
import type { Store } from '../store.ts';
import type { AccountModel, ModelRetention } from './account-model.ts';
import { compareList } from './compare-removed.ts';
import type { UpkeepWork } from './model-steps.ts';
import { pruneRemoved, purgeRemoved, releaseExpired as releaseInModel, restoreRemoved } from './removed-model.ts';

/** All that was released, and all changes: as long after as may be. */
const EVERYTHING = { tombstonesBefore: new Date('2200-01-01'), changesAgeMs: 0 };

/** What is done to an account's removed mail by its operator and by jobs, in the store and in the model. */
export class ModelUpkeep {
  readonly #storage: TestStorage;
  readonly #account: AccountId;
  readonly #model: AccountModel;
  readonly #removed: RemovedMail;

  constructor(storage: TestStorage, account: AccountId, model: AccountModel) {
    this.#storage = storage;
    this.#account = account;
    this.#model = model;
    this.#removed = new RemovedMail(storage.database, { onError: (error) => storage.errors.push(error) });
  }

  close(): Promise<void> {
    return this.#removed.close();
  }

  /** Does the jobs in the store only; also while others write to it. */
  async work(store: Store, work: UpkeepWork): Promise<void> {
    if (work === 'prune') await store.prune(this.#account, EVERYTHING);
    else {
      await releaseExpired(this.#storage.sql, {
        signal: new AbortController().signal,
        onError: (error) => this.#storage.errors.push(error),
      });
    }
  }

  /**
   * Does them in both while nobody writes. Whatever the jobs did before, while others wrote, this must lead to the same: what is
   * released and pruned in two goes is what one at the end takes.
   */
  async settle(works: readonly UpkeepWork[]): Promise<void> {
    if (works.includes('release')) {
      await this.work(this.#storage.store, 'release');
      releaseInModel(this.#model, Date.now());
    }
    if (works.includes('prune')) {
      await this.work(this.#storage.store, 'prune');
      pruneRemoved(this.#model);
    }
  }

  /** Everything that was removed was removed so much earlier. */
  async age(minutes: number): Promise<void> {
    await this.#storage.sql`
      update tombstones set expunged_at = expunged_at - make_interval(mins => ${minutes}::integer) where account_id = ${this.#account}`;
    for (const { removals } of this.#model.mailboxes.values())
      for (const [uid, removal] of removals)
        removals.set(uid, { ...removal, removedAt: (removal.removedAt ?? 0) - minutes * 60_000 });
  }

  async setRetention(retention: ModelRetention): Promise<void> {
    this.#model.retention = retention;
    await this.#storage.sql`
      update accounts set retention_days = ${retention.days}, retained_octets_limit = ${retention.octets}
       where account_id = ${this.#account}`;
  }

  async restore(mailbox: string | null): Promise<void> {
    const parts: RestoredPart[] = [];
    let status = 'ok';
    try {
      for await (const part of this.#removed.restore(this.#account, { mailbox, from: null, until: null }))
        parts.push(part);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      status = error.kind;
    }
    assert.deepEqual({ status, parts }, restoreRemoved(this.#model, mailbox), 'what was brought back');
  }

  async purge(mailbox: string | null): Promise<void> {
    const parts: PurgedPart[] = await Array.fromAsync(this.#removed.purge(this.#account, { mailbox, until: null }));
    const purged = parts.reduce((sum, { messages }) => sum + messages, 0);
    assert.equal(purged, purgeRemoved(this.#model, mailbox), 'messages purged');
  }

  compareList(): Promise<void> {
    return compareList(this.#removed, this.#account, this.#model);
  }
}

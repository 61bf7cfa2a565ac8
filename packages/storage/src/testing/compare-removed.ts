import assert from 'node:assert/strict';
import type { AccountId } from '../ids.ts';
import type { RemovedMail } from '../removed-mail.ts';
import type { TestStorage } from '../storage-for-tests.ts';
import type { AccountModel, Removal } from './account-model.ts';
import { needed, removedMessages, retainedOctets } from './removed-model.ts';

interface Tombstone extends Omit<Removal, 'message' | 'removedAt'> {
  readonly uidvalidity: number;
  readonly uid: number;
  readonly removedAt: Date;
  readonly size: number;
  readonly flags: number;
}

const ALL = { mailbox: null, from: null, until: null };

/** Tells the model when messages were removed, of which it has not heard: the database's clock is nothing that it can know. */
export async function learnRemovals(storage: TestStorage, account: AccountId, model: AccountModel) {
  const tombstones = await readTombstones(storage, account);
  for (const { uidvalidity, uid, removedAt } of tombstones) {
    const removals = model.mailboxes.get(uidvalidity)?.removals;
    const removal = removals?.get(uid);
    if (removal?.removedAt === null) removals?.set(uid, { ...removal, removedAt: removedAt.getTime() });
  }
  return tombstones;
}

/** What is kept of messages and mailboxes that went, what is stored for all, and that there is nothing besides. */
export async function compareRemoved(storage: TestStorage, account: AccountId, model: AccountModel): Promise<void> {
  const tombstones = await learnRemovals(storage, account, model);
  const mailboxes = [...model.mailboxes.values()].sort((a, b) => a.uidvalidity - b.uidvalidity);
  assert.deepEqual(
    tombstones.map((tombstone) => ({ ...tombstone, removedAt: tombstone.removedAt.getTime() })),
    mailboxes.flatMap(({ uidvalidity, removals }) =>
      [...removals]
        .sort(([a], [b]) => a - b)
        .map(([uid, { message, ...removal }]) => {
          return { uidvalidity, uid, ...removal, size: message.size, flags: message.flags };
        }),
    ),
    'tombstones',
  );
  const [rows, [kept]] = await Promise.all([
    storage.sql<object[]>`
      select uidvalidity, expunged_seq is not null as "isDeleted", pruned_seq as "prunedSeq" from mailboxes
       where account_id = ${account} order by uidvalidity`,
    storage.sql<object[]>`
      select retained_octets as retained,
             array(select size_octets from contents where account_id = a.account_id order by size_octets)::text as contents,
             (select count(*) from deliveries where account_id = a.account_id) as deliveries
        from accounts as a where account_id = ${account}`,
  ]);
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    mailboxes.map(({ uidvalidity, isDeleted, prunedSeq }) => ({ uidvalidity, isDeleted, prunedSeq })),
    'mailboxes, with those that were deleted',
  );
  const { contents, deliveries } = needed(model);
  assert.deepEqual(
    { ...kept },
    { retained: retainedOctets(model), contents: `{${contents.join()}}`, deliveries: deliveries.length },
    'what is retained and stored',
  );
}

/** What `postel undelete` lists and counts. */
export async function compareList(removed: RemovedMail, account: AccountId, model: AccountModel): Promise<void> {
  const known = removedMessages(model, null);
  assert.deepEqual(
    (await Array.fromAsync(removed.list(account, ALL))).map(({ subject: _, from: __, ...listed }) => ({
      ...listed,
      removedAt: listed.removedAt.getTime(),
      internalDate: listed.internalDate.getTime(),
    })),
    known.map(({ mailbox, removal: { removedAt, message } }) => ({
      removedAt,
      mailbox: mailbox.name,
      sizeOctets: message.size,
      internalDate: message.internalDate,
    })),
    'the list of what can be brought back',
  );
  const counted = await removed.count(account, ALL);
  assert.deepEqual(
    counted.map(({ name, isDeleted, messages, octets }) => `${name} ${isDeleted} ${messages} ${octets}`).sort(),
    [...Map.groupBy(known, ({ mailbox }) => mailbox)]
      .map(([{ name, isDeleted }, some]) => {
        const octets = some.reduce((sum, { removal }) => sum + removal.message.size, 0);
        return `${name} ${isDeleted} ${some.length} ${octets}`;
      })
      .sort(),
    'the count of what can be brought back',
  );
}

function readTombstones({ sql }: TestStorage, account: AccountId) {
  return sql<Tombstone[]>`
    select b.uidvalidity, t.uid, t.mod_seq as "modSeq", t.expunged_at as "removedAt", t.was_moved as "wasMoved",
           t.content_id is not null as "isHeld", t.size_octets as size, t.flags
      from tombstones as t left join mailboxes as b using (account_id, mailbox_id)
     where t.account_id = ${account} order by b.uidvalidity, t.uid`;
}

/** Blobs that nothing needs: removed after their grace period, and never one that something needs. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { startObjectStore } from '@postel/testkit';
import { expect, test } from 'vitest';
import { BlobDirectory } from './blob-directory.ts';
import type { BlobStore } from './blob-store.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { removeBlobs } from './remove-blobs.ts';
import { S3Blobs } from './s3-blobs.ts';
import { append, contentOf, startStorage, type TestStorage } from './storage-for-tests.ts';
import { sweepBlobs } from './sweep-blobs.ts';

const HOUR_MS = 3_600_000;
const LARGE = 200_000;
const { signal } = new AbortController();

interface Kind {
  readonly storage: TestStorage;
  readonly blobs: BlobStore;
  names(): Promise<readonly string[]>;
  age(name: string, hours: number): Promise<void>;
}

async function startKind(kind: 'directory' | 's3'): Promise<Kind & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
  const dispose = { [Symbol.asyncDispose]: () => stack.disposeAsync() };
  if (kind === 'directory') {
    const storage = stack.use(await startStorage());
    const blobs = new BlobDirectory(storage.blobDirectory);
    const path = (name: string) => join(storage.blobDirectory, name.slice(0, 2), name);
    return {
      storage,
      blobs,
      names: storage.blobs,
      age: (name, hours) => utimes(path(name), ago(hours), ago(hours)),
      ...dispose,
    };
  }
  const objects = stack.use(await startObjectStore());
  const target = { ...objects.settings(), pathStyle: true };
  const storage = stack.use(await startStorage({ blobsOf: () => new S3Blobs(target) }));
  const blobs = new S3Blobs(target);
  stack.defer(() => blobs.close());
  return {
    storage,
    blobs,
    names: async () => [...objects.objects.keys()].map((key) => key.slice(-32)),
    async age(name, hours) {
      for (const [key, object] of objects.objects) if (key.endsWith(name)) object.modifiedAt = ago(hours);
    },
    ...dispose,
  };
}

/** As the collector does with a content that nothing needs any more. */
async function dropContents({ sql }: TestStorage, account: AccountId): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`delete from messages where account_id = ${account}`;
    await tx`insert into removed_blobs (account_id, blob_name, removed_at)
             select account_id, blob_name, now() - interval '2 hours' from contents
              where account_id = ${account} and blob_name is not null`;
    await tx`delete from contents where account_id = ${account}`;
  });
}

async function appendLarge({ store }: TestStorage, account: AccountId, inbox: MailboxId, octets = randomBytes(LARGE)) {
  await append(store, account, inbox, octets);
  return octets;
}

for (const kind of ['directory', 's3'] as const) {
  test(`${kind}: blobs of contents that are gone are removed after the grace period, and no others`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names } = started;
    const [mary, peter] = [await storage.newAccount(), await storage.newAccount()];
    for (let i = 0; i < 10; i++) await appendLarge(storage, mary.account, mary.inbox);
    await appendLarge(storage, peter.account, peter.inbox);
    const before = await names();
    await dropContents(storage, mary.account);
    expect(await removeBlobs(storage.database, blobs, { graceMs: 3 * HOUR_MS, signal })).toBe(0);
    expect((await names()).toSorted()).toEqual(before.toSorted());
    expect(await removeBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal })).toBe(10);
    expect(await names()).toHaveLength(1);
    expect(await storage.sql`select from removed_blobs`).toHaveLength(0);
    expect(await removeBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal })).toBe(0);
  });

  test(`${kind}: a blob that a content has stays, whatever removed_blobs says`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names } = started;
    const { account, inbox } = await storage.newAccount();
    await appendLarge(storage, account, inbox);
    await storage.sql`insert into removed_blobs select account_id, blob_name, now() - interval '1 year' from contents`;
    await removeBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal });
    expect(await names()).toHaveLength(1);
    expect(await storage.sql`select from removed_blobs`).toHaveLength(0);
  });

  test(`${kind}: a blob that was removed by a run that was cut off is no error`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names } = started;
    const { account, inbox } = await storage.newAccount();
    await appendLarge(storage, account, inbox);
    await dropContents(storage, account);
    for (const name of await names()) await blobs.remove(name);
    expect(await removeBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal })).toBe(1);
    expect(await storage.sql`select from removed_blobs`).toHaveLength(0);
  });

  test(`${kind}: blobs that nothing names are swept when they are old, and no others`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names, age } = started;
    const [mary, peter] = [await storage.newAccount(), await storage.newAccount()];
    await appendLarge(storage, mary.account, mary.inbox); // named
    await appendLarge(storage, peter.account, peter.inbox);
    await dropContents(storage, peter.account); // named by removed_blobs
    const named = await names();
    await contentOf(storage.store, randomBytes(LARGE)); // on its way, or left by a crash before its commit
    await contentOf(storage.store, randomBytes(LARGE));
    const [first = '', second = ''] = (await names()).filter((name) => !named.includes(name));
    for (const name of [...named, first]) await age(name, 25);
    expect(await sweepBlobs(storage.database, blobs, { graceMs: 24 * HOUR_MS, signal })).toBe(1);
    expect((await names()).toSorted()).toEqual([...named, second].toSorted());
  });

  test(`${kind}: nothing is swept while an account waits for recovery, as a newer database may have names for it`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names, age } = started;
    const { account } = await storage.newAccount();
    await contentOf(storage.store, randomBytes(LARGE));
    for (const name of await names()) await age(name, 25);
    await storage.sql`update accounts set rewound_at = now() where account_id = ${account}`;
    const options = { graceMs: 24 * HOUR_MS, signal };
    await expect(sweepBlobs(storage.database, blobs, options)).rejects.toThrow('postel recover');
    expect(await names()).toHaveLength(1);
    await storage.sql`update accounts set rewound_at = null where account_id = ${account}`;
    expect(await sweepBlobs(storage.database, blobs, options)).toBe(1);
  });

  test(`${kind}: nothing is swept by a database that does not know most of the store`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs, names, age } = started;
    const { account, inbox } = await storage.newAccount();
    for (let i = 0; i < 30; i++) await appendLarge(storage, account, inbox);
    for (const name of await names()) await age(name, 25);
    await using stack = new AsyncDisposableStack();
    const empty = stack.use(await startStorage());
    const options = { graceMs: 24 * HOUR_MS, signal };
    await expect(sweepBlobs(empty.database, blobs, options)).rejects.toThrow('30 of 30 old blobs');
    expect(await names()).toHaveLength(30);
    expect(await sweepBlobs(storage.database, blobs, options)).toBe(0);
  });

  test(`${kind}: while messages come, are copied and go, a sweep without mercy for old blobs takes none that is needed`, async () => {
    await using started = await startKind(kind);
    const { storage, blobs } = started;
    const { store } = storage;
    const { account, inbox } = await storage.newAccount();
    const archive = await store.mailboxes.find(account, 'Archive');
    if (archive === null) throw new Error('no Archive');
    let isDone = false;
    const clean = async () => {
      while (!isDone) {
        await sweepBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal });
        await removeBlobs(storage.database, blobs, { graceMs: 0, signal });
      }
    };
    const cleaning = clean();
    const sent: Buffer[] = [];
    for (let i = 0; i < 12; i++) {
      sent.push(await appendLarge(storage, account, inbox));
      await store.copy(account, inbox, [{ first: i + 1, last: i + 1 }], archive.id, 'whole');
    }
    isDone = true;
    await cleaning;
    const uids = sent.map((_, i) => i + 1);
    for (const mailbox of [inbox, archive.id]) {
      const messages = await store.fetchMessages(account, mailbox, uids, { octets: true });
      for (const [i, { blob }] of messages.entries()) {
        if (blob === null) throw new Error('the message is in no blob');
        const read = Buffer.concat(await Array.fromAsync(store.readBlob(blob, 0, LARGE)));
        expect(sent[i]?.equals(read)).toBe(true);
      }
    }
  });
}

test('a blob that cannot be removed is told, and keeps no other from it', async () => {
  await using storage = await startStorage();
  const { account, inbox } = await storage.newAccount();
  for (let i = 0; i < 20; i++) await appendLarge(storage, account, inbox);
  await dropContents(storage, account);
  const [stuck = ''] = (await storage.blobs()).toSorted();
  const path = join(storage.blobDirectory, stuck.slice(0, 2), stuck);
  await rm(path);
  await mkdir(path); // which no unlink removes
  const blobs = new BlobDirectory(storage.blobDirectory);
  await expect(removeBlobs(storage.database, blobs, { graceMs: HOUR_MS, signal })).rejects.toThrow(stuck);
  expect(await storage.blobs()).toEqual([]);
  expect(await storage.sql`select blob_name as name from removed_blobs`).toEqual([{ name: stuck }]);
});

test('a removal and a sweep that are told to stop do', async () => {
  await using storage = await startStorage();
  const { account, inbox } = await storage.newAccount();
  await appendLarge(storage, account, inbox);
  await dropContents(storage, account);
  const blobs = new BlobDirectory(storage.blobDirectory);
  const stopped = AbortSignal.abort(new Error('stopping'));
  await expect(removeBlobs(storage.database, blobs, { graceMs: 0, signal: stopped })).rejects.toThrow('stopping');
  await expect(sweepBlobs(storage.database, blobs, { graceMs: 0, signal: stopped })).rejects.toThrow('stopping');
  expect(await storage.blobs()).toHaveLength(1);
});

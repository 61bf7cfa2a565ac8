import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeAccountMail } from './accounts.ts';
import { RIGHTS_AN_ACCOUNT } from './acls.ts';
import type { AccountId, MailboxId } from './ids.ts';
import { formatRights, parseRights } from './rights.ts';
import { RecordingWatcher, recount, startStorage, type TestStorage } from './storage-for-tests.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

async function nameOf(account: AccountId): Promise<string> {
  const [row] = await storage.sql<{ name: string }[]>`select name from accounts where account_id = ${account}`;
  return row?.name ?? '';
}

const modseqOf = async (account: AccountId) =>
  (await storage.sql<{ modseq: number }[]>`select modseq from accounts where account_id = ${account}`)[0]?.modseq;

/** Two accounts, and the INBOX of the first. */
async function ownerAndReader() {
  const { account: owner, inbox } = await storage.newAccount();
  const { account: reader } = await storage.newAccount();
  const give = (
    letters: string,
    more: { to?: AccountId | null; mode?: 'add' | 'remove' | 'replace'; isNegative?: boolean; in?: MailboxId } = {},
  ) =>
    storage.store.sharing.setRights(
      owner,
      more.in ?? inbox,
      { account: more.to === undefined ? reader : more.to, isNegative: more.isNegative ?? false },
      { mode: more.mode ?? 'replace', rights: parseRights(letters) },
    );
  const ownerName = await nameOf(owner);
  /** What the reader may do with a mailbox of the owner, by its name. */
  const rightsIn = async (name: string, who = reader) => {
    const found = await storage.store.sharing.findMailbox(who, ownerName, name);
    return found === null ? null : formatRights(found.rights);
  };
  const shares = () =>
    storage.sql`select account_id, owner_id from shares where owner_id = ${owner} order by account_id`;
  return { owner, ownerName, inbox, reader, give, rightsIn, shares };
}

async function makeMailbox(owner: AccountId, name: string): Promise<MailboxId> {
  return (await storage.store.mailboxes.create(owner, name, null)).id;
}

test('rule 13: rights are given under one modseq of the owner, and are nothing but what was given', async () => {
  const { owner, inbox, reader, give, rightsIn } = await ownerAndReader();
  expect(await rightsIn('INBOX')).toBe(null);
  const [before, readers] = [await modseqOf(owner), await modseqOf(reader)];
  const modseq = await give('erl');
  expect(modseq).toBe((before ?? 0) + 1);
  expect(await modseqOf(owner)).toBe(modseq);
  expect(await modseqOf(reader)).toBe(readers);
  expect(await rightsIn('INBOX')).toBe('lre');
  expect(await rightsIn('Sent')).toBe(null);
  expect(await rightsIn('No such')).toBe(null);
  expect(await storage.store.sharing.readRights(owner, inbox)).toEqual([
    { account: reader, name: await nameOf(reader), isNegative: false, rights: parseRights('lre') },
  ]);
  expect(await recount(storage.database, owner)).toEqual([]);
});

test('rights are added to, taken from and replaced; what changes nothing takes no modseq', async () => {
  const { owner, give, rightsIn, shares } = await ownerAndReader();
  await give('lr', { mode: 'add' });
  await give('sl', { mode: 'add' });
  expect(await rightsIn('INBOX')).toBe('lrs');
  await give('sx', { mode: 'remove' });
  expect(await rightsIn('INBOX')).toBe('lr');
  const modseq = await modseqOf(owner);
  expect([await give('r', { mode: 'add' }), await give('lr'), await give('x', { mode: 'remove' })]).toEqual([
    null,
    null,
    null,
  ]);
  expect(await modseqOf(owner)).toBe(modseq);
  expect(await shares()).toHaveLength(1);
  await give('lr', { mode: 'remove' });
  expect(await rightsIn('INBOX')).toBe(null);
  expect(await shares()).toEqual([]);
  expect(await storage.sql`select from acls where account_id = ${owner}`).toHaveLength(0);
});

test('everybody has what everybody is given, less what is taken from them; the owner is asked nothing', async () => {
  const { owner, ownerName, reader, give, rightsIn } = await ownerAndReader();
  const { account: other } = await storage.newAccount();
  await give('lrs', { to: null });
  await give('w');
  await give('rw', { isNegative: true });
  expect(await rightsIn('INBOX')).toBe('ls');
  expect(await rightsIn('INBOX', other)).toBe('lrs');
  await give('s', { to: null, isNegative: true });
  expect([await rightsIn('INBOX'), await rightsIn('INBOX', other)]).toEqual(['l', 'lr']);
  expect(await storage.store.sharing.findMailbox(owner, ownerName, 'INBOX')).toBe(null);
  const names = async (who: AccountId) =>
    (await storage.store.sharing.listMailboxes(who)).filter((one) => one.owner === ownerName).map(({ name }) => name);
  expect([await names(owner), await names(reader), await names(other)]).toEqual([[], ['INBOX'], ['INBOX']]);
  await give('lrs', { to: null, isNegative: true });
  expect(await names(other)).toEqual([]);
  await give('', { to: null });
});

test('the mailboxes of others are listed with what the reader may do', async () => {
  const { owner, ownerName, reader, give } = await ownerAndReader();
  await give('lr', { in: await makeMailbox(owner, 'Work') });
  await give('k');
  const listed = await storage.store.sharing.listMailboxes(reader);
  expect(listed.map(({ name, owner: whose, account, rights }) => [whose, account, name, formatRights(rights)])).toEqual(
    [
      [ownerName, owner, 'INBOX', 'k'],
      [ownerName, owner, 'Work', 'lr'],
    ],
  );
});

test('a new mailbox gets the list of the one above it; DELETE takes a list away, RENAME keeps it', async () => {
  const { owner, give, rightsIn, shares } = await ownerAndReader();
  await give('lr', { in: await makeMailbox(owner, 'Work') });
  await makeMailbox(owner, 'Work/Plans/2026');
  await makeMailbox(owner, 'Elsewhere/2026');
  expect([await rightsIn('Work/Plans'), await rightsIn('Work/Plans/2026')]).toEqual(['lr', 'lr']);
  expect([await rightsIn('Elsewhere'), await rightsIn('Elsewhere/2026')]).toEqual([null, null]);
  await storage.store.mailboxes.rename(owner, 'Work/Plans', 'Elsewhere/Far/Plans');
  expect([await rightsIn('Elsewhere/Far/Plans/2026'), await rightsIn('Elsewhere/Far')]).toEqual(['lr', null]);
  await storage.store.mailboxes.rename(owner, 'Elsewhere/2026', 'Work/New/2026');
  expect([await rightsIn('Work/New'), await rightsIn('Work/New/2026')]).toEqual(['lr', null]);
  for (const name of ['Work', 'Work/New', 'Elsewhere/Far/Plans', 'Elsewhere/Far/Plans/2026']) {
    expect(await shares()).toHaveLength(1);
    const mailbox = await storage.store.mailboxes.find(owner, name);
    await storage.store.mailboxes.delete(owner, mailbox?.id ?? (0 as MailboxId));
  }
  expect(await shares()).toEqual([]);
  await makeMailbox(owner, 'Work');
  expect(await rightsIn('Work')).toBe(null);
});

test('there is an end to the entries of an account, and none for who is not there', async () => {
  const { owner, inbox, give } = await ownerAndReader();
  await storage.sql`
    insert into acls (account_id, mailbox_id, reader_id, is_negative, rights, mod_seq)
    select ${owner}, ${inbox}, 1000000000 + n, false, 'l', 1 from generate_series(1, ${RIGHTS_AN_ACCOUNT}::integer) as n`;
  await expect(give('l')).rejects.toMatchObject({ kind: 'too-many-rights' });
  await storage.sql`delete from acls where account_id = ${owner}`;
  await expect(give('l', { to: 999_999_999 as AccountId })).rejects.toMatchObject({ kind: 'nonexistent' });
  await expect(give('l', { in: 999 as MailboxId })).rejects.toMatchObject({ kind: 'nonexistent' });
});

test('an account that is removed takes its lists with it, and its rights in those of others', async () => {
  const { owner, inbox, reader, give, shares } = await ownerAndReader();
  const third = await ownerAndReader();
  await give('lr');
  await give('x', { isNegative: true });
  await give('l', { to: third.reader });
  await storage.store.sharing.setRights(
    reader,
    (await storage.store.mailboxes.find(reader, 'INBOX'))?.id ?? inbox,
    { account: owner, isNegative: false },
    { mode: 'replace', rights: parseRights('lr') },
  );
  await storage.sql.begin((tx) => removeAccountMail(tx, reader));
  expect(await storage.store.sharing.readRights(owner, inbox)).toMatchObject([{ account: third.reader }]);
  expect(await storage.sql`select from acls where reader_id = ${reader} or account_id = ${reader}`).toHaveLength(0);
  expect(await storage.sql`select from shares where account_id = ${reader} or owner_id = ${reader}`).toHaveLength(0);
  expect(await shares()).toEqual([{ account_id: third.reader, owner_id: owner }]);
});

test('another process that has the mailbox open hears that its list has changed', async () => {
  const { owner, inbox, give } = await ownerAndReader();
  const { store } = await storage.openStore();
  const told = new (class extends RecordingWatcher {
    times = 0;
    rightsChanged() {
      this.times++;
      this.changed();
    }
  })();
  const mailbox = await store.openMailbox(owner, inbox, told);
  expect(mailbox.aclSeq).toBe(0);
  const modseq = await give('lr');
  await told.until(() => told.times === 1);
  expect(mailbox.aclSeq).toBe(modseq);
  store.closeMailbox(mailbox, told);
});

test('what somebody may do with a mailbox now, and with those below it', async () => {
  const { owner, inbox, reader, give } = await ownerAndReader();
  const work = await makeMailbox(owner, 'Work');
  await give('lrx', { in: work });
  const below = await makeMailbox(owner, 'Work/Plans');
  await give('x', { in: below, mode: 'remove' });
  const rights = await storage.store.sharing.rightsBelow(reader, owner, 'Work');
  expect([...rights].map(([id, of]) => [id, formatRights(of)])).toEqual([
    [work, 'lrx'],
    [below, 'lr'],
  ]);
  expect(formatRights(await storage.store.sharing.readRightsOf(reader, owner, work))).toBe('lrx');
  expect(formatRights(await storage.store.sharing.readRightsOf(reader, owner, inbox))).toBe('');
});

test('who shares mailboxes with each of many, and with everybody', async () => {
  const [one, two] = [await ownerAndReader(), await ownerAndReader()];
  const { store } = storage;
  const sharersOf = async (...readers: AccountId[]) => {
    const found = await store.sharing.findSharers(readers);
    const ours = new Set([one.owner, two.owner]); // others share with everybody too
    return readers.map((reader) => (found.get(reader) ?? []).map(({ id }) => id).filter((id) => ours.has(id)));
  };
  expect(await sharersOf(one.reader, two.reader)).toEqual([[], []]);
  await one.give('l');
  expect(await sharersOf(one.reader, two.reader)).toEqual([[one.owner], []]);
  await two.give('r', { to: null });
  const both = (await sharersOf(one.reader))[0]?.toSorted((a, b) => a - b);
  expect(both).toEqual([one.owner, two.owner]);
  expect(await sharersOf(two.reader, two.owner)).toEqual([[two.owner], []]);
  await one.give('');
  expect(await sharersOf(one.reader, two.reader)).toEqual([[two.owner], [two.owner]]);
  await two.give('', { to: null });
});

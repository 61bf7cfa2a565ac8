import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId, MailboxId } from '../ids.ts';
import { append, arrivalOf, startStorage, type TestStorage } from '../storage-for-tests.ts';
import { verifyAccount } from './verify-account.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** An account with a bit of everything: flags, keywords, prefixes, copies, tombstones, a mailbox deleted and one renamed. */
async function livelyAccount() {
  const { store } = storage;
  const { account, inbox } = await storage.newAccount();
  for (const system of [0, 1, 8, 9]) {
    await append(store, account, inbox, `message ${system}`, {
      flags: { system, keywords: system === 9 ? ['one', 'two'] : [] },
      arrival: system === 1 ? arrivalOf('mary@example.com', 'Received: here\r\n') : null,
    });
  }
  await store.createMailbox(account, 'Work/Old', null);
  const work = await store.findMailbox(account, 'Work/Old');
  if (work === null) throw new Error('the mailbox is not there');
  await store.copy(account, inbox, [{ first: 1, last: 4 }], work.id, 'whole');
  await store.changeFlags(account, inbox, [{ first: 1, last: 2 }], { system: 4, keywords: ['two'], mode: 'add' }, null);
  await store.expunge(account, inbox, [{ first: 1, last: 3 }]);
  for await (const _ of store.move(account, work.id, [{ first: 1, last: 1 }], inbox));
  await store.renameMailbox(account, 'Work/Old', 'Work/New');
  await store.createMailbox(account, 'Gone', null);
  const gone = await store.findMailbox(account, 'Gone');
  if (gone !== null) await store.deleteMailbox(account, gone.id);
  return { account, inbox, work: work.id };
}

async function problems(account: AccountId): Promise<readonly string[]> {
  const found = await Array.fromAsync(verifyAccount(storage.sql, account));
  return found.map(({ rule, mailbox, uid, problem }) =>
    [rule, mailbox?.name, uid, problem].filter((part) => part != null).join(' '),
  );
}

test('an account that only the store wrote to breaks no rule', async () => {
  const { account } = await livelyAccount();
  expect(await problems(account)).toEqual([]);
});

const WHERE = 'where account_id = $1 and mailbox_id = $2';

describe('what is broken is found', () => {
  test.for([
    ['counters INBOX its messages are 5, counted 4', `update mailboxes set messages = messages + 1 ${WHERE}`],
    ['counters INBOX its unseen are 1, counted 2', `update mailboxes set unseen = unseen - 1 ${WHERE}`],
    ['use its use is', 'update accounts set used_octets = used_octets + 1 where account_id = $1 and $2 > 0'],
    ['use its use is', 'update accounts set used_mailboxes = used_mailboxes + 1 where account_id = $1 and $2 > 0'],
    ['uids INBOX 5 its UID is not below UIDNEXT 5', `update mailboxes set uid_next = 5 ${WHERE}`],
    [
      'uids INBOX 3 its UID is also that of an expunged message',
      `insert into messages select account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id,
        email_id, thread_id, size_octets, prefix_octets, flags, keywords from tombstones ${WHERE} and uid = 3`,
    ],
    [
      'uids INBOX 5 its UID is above that of a message which came later',
      `update messages set create_seq = 1 ${WHERE} and uid = 5`,
    ],
    ['modseqs INBOX 5 it came at modseq', `update messages set create_seq = mod_seq + 1 ${WHERE} and uid = 5`],
    ['modseqs INBOX 5 its modseq 9999 is above the account', `update messages set mod_seq = 9999 ${WHERE} and uid = 5`],
    [
      'modseqs INBOX 3 its modseq 9999 is above the account',
      `update tombstones set mod_seq = 9999 ${WHERE} and uid = 3`,
    ],
    ['modseqs INBOX 5 its modseq', `update mailboxes set highest_mod_seq = 2 ${WHERE}`],
    ['modseqs INBOX 1 its change at modseq', `delete from changes ${WHERE}`],
    [
      'modseqs INBOX 1 its change at modseq',
      `update changes set uids = uids - int8multirange(int8range(1,2)) ${WHERE}`,
    ],
    ['modseqs its modseq is 3, while', 'update accounts set modseq = 3 where account_id = $1 and $2 > 0'],
    ['keywords INBOX 1 it has a keyword that', `update messages set keywords = '{77}' ${WHERE} and uid = 1`],
    [
      'keywords INBOX 4 the ids of its keywords do not ascend',
      `update messages set keywords = '{2,1}' ${WHERE} and uid = 4`,
    ],
    ['sizes INBOX 1 its size is', `update messages set size_octets = size_octets + 1 ${WHERE} and uid = 1`],
    [
      'sizes INBOX 2 its prefix should have',
      'update deliveries set prefix = prefix || prefix where account_id = $1 and $2 > 0',
    ],
    ['contents INBOX 1 its content', 'delete from contents where account_id = $1 and $2 > 0'],
    ['account INBOX 5 it has an id that', 'update accounts set next_object_id = 2 where account_id = $1 and $2 > 0'],
    ['account its next object id', 'update accounts set next_object_id = 2 where account_id = $1 and $2 > 0'],
    ['names it has 0 mailboxes called INBOX', `update mailboxes set name = 'Inbox2' ${WHERE}`],
    ['names Cafe\u0301 its name is not in Unicode form NFC', `update mailboxes set name = 'Cafe\u0301' ${WHERE}`],
    [
      'uidvalidity INBOX 9 mailboxes have its UIDVALIDITY',
      'update mailboxes set uidvalidity = 1 where account_id = $1 and $2 > 0',
    ],
    [
      'uidvalidity its next UIDVALIDITY is 1',
      'update accounts set next_uidvalidity = 1 where account_id = $1 and $2 > 0',
    ],
  ] as const)('%s', async ([expected, damage]) => {
    const { account, inbox } = await livelyAccount();
    await damaged(damage, account, inbox);
    expect(await problems(account)).toContainEqual(expect.stringContaining(expected));
  });
});

async function damaged(statement: string, account: AccountId, mailbox: MailboxId): Promise<void> {
  const { count } = await storage.sql.unsafe(statement, [account, mailbox]);
  expect(count).toBeGreaterThan(0);
}

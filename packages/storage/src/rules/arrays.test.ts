import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { append, RecordingWatcher, startStorage, type TestStorage } from '../storage-for-tests.ts';

const MESSAGES = 400_000;
const CONNECTIONS = 50;
/** UID 4, modseq 8, flags 1, keyword set 4; arrays that grow may be an eighth larger. */
const MOST_OCTETS = MESSAGES * 17 * 1.125;
/** What else the process holds at any moment: a packet from the database, for instance. */
const OTHER_OCTETS = 1024 * 1024;

let storage: TestStorage;
beforeAll(async () => {
  storage = await startStorage();
});
afterAll(() => storage[Symbol.asyncDispose]());

/** Octets of all arrays that something still holds. */
function arrayOctets(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().arrayBuffers;
}

test('rule 11: a mailbox is held once for all connections of a process, at 17 octets a message', async () => {
  const { account, inbox } = await storage.newAccount();
  await append(storage.store, account, inbox, 'x');
  await storage.sql`
    insert into messages (account_id, mailbox_id, uid, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, flags)
    select account_id, mailbox_id, n, create_seq, mod_seq, internal_date, save_date, content_id, email_id, size_octets, n % 32
      from messages, generate_series(2, ${MESSAGES}::bigint) as n where account_id = ${account}`;
  await storage.sql`
    update mailboxes set uid_next = ${MESSAGES + 1}::bigint, messages = ${MESSAGES}::bigint
     where account_id = ${account} and mailbox_id = ${inbox}`;
  const before = arrayOctets();
  const mailboxes = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => storage.store.openMailbox(account, inbox, new RecordingWatcher())),
  );
  expect(mailboxes.map(({ table }) => table.length)).toEqual(mailboxes.map(() => MESSAGES));
  const held = () => arrayOctets() - before;
  expect(held()).toBeGreaterThan(MESSAGES * 17 - OTHER_OCTETS);
  // What nobody holds any more is given back some time after it was found.
  await expect.poll(held, { timeout: 20_000 }).toBeLessThan(MOST_OCTETS + OTHER_OCTETS);
});

import assert from 'node:assert/strict';
import { type Database, openDatabase } from '@postel/storage';
import type { TestAccount } from '@postel/testkit';
import { LmtpClient } from './lmtp-client.ts';
import { MailClient } from './mail-client.ts';
import type { RaceServer } from './race-server.ts';

const APPENDS = 100;
/** Every so many of the appends is a delivery by LMTP, the others are APPENDs, on connections of their own. */
const DELIVERY_EVERY = 3;
/** Of 100 so many find room. */
const ROOM_MESSAGES = 37;
const ROOM_OCTETS = 40_000;
const MESSAGE_OCTETS = 1_000;

const message = `Subject: ${'x'.repeat(MESSAGE_OCTETS - 13)}\r\n\r\n`;

interface Use {
  readonly messages: number;
  readonly octets: number;
  readonly stored: number;
  readonly storedOctets: number;
}

/**
 * 100 messages come at once, by APPEND on two processes and by LMTP, to an account that has room for some of them.
 *
 * @returns the summary
 * @throws if the account was ever over its limit, or what was answered is not what is there
 */
export async function runQuotaRace(server: RaceServer, rounds: number): Promise<readonly string[]> {
  const counts = { taken: 0, refused: 0, looks: 0 };
  for (let round = 0; round < rounds; round++) {
    await race(server, round % 2 === 0 ? { messages: ROOM_MESSAGES } : { octets: ROOM_OCTETS }, counts);
  }
  const { taken, refused, looks } = counts;
  return [
    `${rounds} times ${APPENDS} appends at once by IMAP and LMTP, at the quota's edge`,
    `${taken} taken, ${refused} refused; the use was looked at ${looks} times meanwhile, and never above the limit`,
  ];
}

async function race(
  server: RaceServer,
  limit: { readonly messages: number } | { readonly octets: number },
  counts: { taken: number; refused: number; looks: number },
): Promise<void> {
  const account = await server.addAccount();
  await server.postel.setQuota(account, limit);
  await using opened = new AsyncDisposableStack();
  const database = openDatabase(server.postel.database, { applicationName: 'races', maxConnections: 1 });
  opened.defer(() => database.close());
  const attempts = await Promise.all(Array.from({ length: APPENDS }, (_, i) => prepare(server, account, i, opened)));

  let isOver = false;
  const appending = Promise.all(attempts.map((attempt) => attempt())).finally(() => {
    isOver = true;
  });
  appending.catch(() => {}); // told when it is awaited, after the last look
  const mostMessages = 'messages' in limit ? limit.messages : Number.POSITIVE_INFINITY;
  const mostOctets = 'octets' in limit ? limit.octets : Number.POSITIVE_INFINITY;
  do {
    const { messages, octets, stored, storedOctets } = await useOf(database, account);
    assert.ok(messages <= mostMessages && octets <= mostOctets, `${messages} messages, ${octets} octets used`);
    assert.deepEqual([messages, octets], [stored, storedOctets], 'what is counted and what is there');
    counts.looks++;
  } while (!isOver);

  const taken = (await appending).filter(Boolean).length;
  const { messages, octets } = await useOf(database, account);
  assert.equal(messages, taken, 'messages that are there, and those that were said to be');
  // None was refused for which there was room, whenever it came: the use only rose.
  if ('messages' in limit) assert.equal(messages, limit.messages);
  else if (taken < APPENDS) assert.ok(octets + 2 * MESSAGE_OCTETS > limit.octets, `only ${octets} octets are used`);
  counts.taken += taken;
  counts.refused += APPENDS - taken;
}

/** Connects, so that what it gives only has to send the message; that says whether it was taken. */
async function prepare(
  server: RaceServer,
  account: TestAccount,
  i: number,
  opened: AsyncDisposableStack,
): Promise<() => Promise<boolean>> {
  if (i % DELIVERY_EVERY === 0) {
    const client = opened.use(await LmtpClient.greeted(server.postel.ports.lmtp));
    return async () => {
      const reply = await client.deliver(account.address, message);
      if (!/^(250|452|552) /.test(reply)) throw client.failure(`the delivery was answered ${reply}`);
      return reply.startsWith('250 ');
    };
  }
  const client = opened.use(await MailClient.select(server.imapPort(i), account, 'INBOX'));
  return async () => {
    const { tagged } = await client.do(`APPEND INBOX {${message.length}+}\r\n${message}`);
    if (!/^(OK|NO \[OVERQUOTA\]) /.test(tagged)) throw client.failure(`APPEND was answered ${tagged}`);
    return tagged.startsWith('OK ');
  };
}

/** One snapshot of what is counted and what is there. */
async function useOf({ sql }: Database, { name }: TestAccount): Promise<Use> {
  const [use] = await sql<Use[]>`
    select a.used_messages as messages, a.used_octets as octets, count(m.uid) as stored,
           coalesce(sum(m.size_octets), 0)::bigint as "storedOctets"
      from accounts as a left join messages as m using (account_id) where a.name = ${name} group by a.account_id`;
  if (use === undefined) throw new Error('the account has gone');
  return use;
}

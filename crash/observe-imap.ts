import type { ImapSession } from './imap-session.ts';
import { type Difference, type Flags, flagsOf, type Ledger } from './ledger.ts';
import { sha256Of } from './make-message.ts';
import type { ObservedAccount, ObservedMailbox, ObservedMessage } from './observed.ts';

/** A FETCH of whole messages, which is held in memory, has about so many octets, and one message at least. */
const BODY_OCTETS_AT_ONCE = 8 * 1024 * 1024;

interface Listed {
  readonly uid: number;
  readonly flags: Flags;
  readonly octets: number;
}

/** Messages whose octets were read and found right, by account, UIDVALIDITY and UID. */
export class CheckedBodies {
  #checked = new Set<string>();

  has(key: string): boolean {
    return this.#checked.has(key);
  }

  add(key: string): void {
    this.#checked.add(key);
  }

  /** All are to be read again. */
  clear(): void {
    this.#checked.clear();
  }
}

/**
 * Compares what IMAP shows with what the tables say, for one account: mailboxes, subscriptions, UIDs, flags and sizes of
 * all messages, and the octets of those that were not read before.
 *
 * @returns what differs, and how many messages were read
 */
export async function compareByImap(
  session: ImapSession,
  account: string,
  stored: ObservedAccount,
  ledger: Ledger,
  checked: CheckedBodies,
): Promise<{ readonly differences: readonly Difference[]; readonly read: number }> {
  const differences: Difference[] = [];
  const names = await namesOf(session, 'LIST');
  differences.push(...compareNames(account, 'LIST', names, new Set(stored.mailboxes.keys())));
  differences.push(...compareNames(account, 'LSUB', await namesOf(session, 'LSUB'), stored.subscriptions));
  let read = 0;
  for (const mailbox of stored.mailboxes.values()) {
    if (!names.has(mailbox.name)) continue;
    const at = { account, mailbox: mailbox.name };
    const found = await compareMailbox(session, mailbox);
    differences.push(...found.map((difference) => ({ ...at, ...difference })));
    const keyOf = (uid: number) => `${account} ${mailbox.uidvalidity} ${uid}`;
    const unread = mailbox.messages.filter(({ uid }) => !checked.has(keyOf(uid)));
    for (const uids of inBatches(unread, ledger)) {
      const wrong = await compareBodies(session, mailbox, uids, ledger);
      differences.push(...wrong.map((difference) => ({ ...at, ...difference })));
      if (wrong.length === 0) for (const uid of uids) checked.add(keyOf(uid));
      read += uids.length;
    }
  }
  return { differences, read };
}

async function namesOf(session: ImapSession, command: 'LIST' | 'LSUB'): Promise<ReadonlySet<string>> {
  const { untagged } = await session.command(`${command} "" "*"`);
  return new Set(
    untagged.flatMap(({ text }) => {
      const [, attributes = '', name] = /^\* (?:LIST|LSUB) \((.*?)\) "\/" "?(.*?)"?$/.exec(text) ?? [];
      return name === undefined || attributes.includes('\\Noselect') ? [] : [name];
    }),
  );
}

function compareNames(
  account: string,
  command: string,
  listed: ReadonlySet<string>,
  stored: ReadonlySet<string>,
): readonly Difference[] {
  return [...listed.symmetricDifference(stored)].map((mailbox) => {
    const what = listed.has(mailbox) ? `${command} names what no table has` : `${command} does not name it`;
    return { account, mailbox, what };
  });
}

async function compareMailbox(session: ImapSession, mailbox: ObservedMailbox): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  const { isOk, tagged, untagged } = await session.command(`EXAMINE ${mailbox.name}`);
  if (!isOk) return [{ what: `EXAMINE is answered ${tagged}` }];
  const codes = untagged.map(({ text }) => text).join('\n');
  const told = {
    UIDVALIDITY: Number(/\[UIDVALIDITY (\d+)\]/.exec(codes)?.[1]),
    UIDNEXT: Number(/\[UIDNEXT (\d+)\]/.exec(codes)?.[1]),
    EXISTS: Number(/^\* (\d+) EXISTS/m.exec(codes)?.[1]),
  };
  const expected = { UIDVALIDITY: mailbox.uidvalidity, UIDNEXT: mailbox.uidNext, EXISTS: mailbox.messages.length };
  for (const item of ['UIDVALIDITY', 'UIDNEXT', 'EXISTS'] as const) {
    if (told[item] === expected[item]) continue;
    differences.push({ what: `EXAMINE tells ${item} ${told[item]}, the tables say ${expected[item]}` });
  }
  if (mailbox.messages.length === 0) return differences;
  const answer = await session.command('UID FETCH 1:* (FLAGS RFC822.SIZE)');
  const listed = new Map(answer.untagged.flatMap(({ text }) => parseFetch(text)).map((each) => [each.uid, each]));
  for (const { uid, messageId, flags } of mailbox.messages) {
    const shown = listed.get(uid);
    listed.delete(uid);
    if (shown === undefined) differences.push({ uid, messageId, what: 'FETCH does not show it' });
    else if (shown.flags !== flags) {
      differences.push({ uid, messageId, what: `FETCH shows flags (${shown.flags}), the tables have (${flags})` });
    }
  }
  for (const uid of listed.keys()) differences.push({ uid, what: 'FETCH shows what no table has' });
  return differences;
}

function parseFetch(text: string): readonly Listed[] {
  if (!/^\* \d+ FETCH \(/.test(text)) return [];
  const uid = Number(/\bUID (\d+)/.exec(text)?.[1]);
  const flags = /\bFLAGS \((.*?)\)/.exec(text)?.[1] ?? '';
  const octets = Number(/\bRFC822\.SIZE (\d+)/.exec(text)?.[1]);
  const names = flags.split(' ').filter((name) => name !== '' && name !== '\\Recent');
  return [{ uid, flags: flagsOf(names), octets }];
}

/** UIDs, so many together as their messages may be held in memory. */
function* inBatches(messages: readonly ObservedMessage[], ledger: Ledger): Generator<readonly number[]> {
  let batch: number[] = [];
  let octets = 0;
  for (const { uid, messageId } of messages) {
    const size = ledger.messages.get(messageId)?.octets ?? 0;
    if (batch.length > 0 && octets + size > BODY_OCTETS_AT_ONCE) {
      yield batch;
      [batch, octets] = [[], 0];
    }
    batch.push(uid);
    octets += size;
  }
  if (batch.length > 0) yield batch;
}

async function compareBodies(
  session: ImapSession,
  mailbox: ObservedMailbox,
  uids: readonly number[],
  ledger: Ledger,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  const { untagged } = await session.command(`UID FETCH ${uids.join()} (RFC822.SIZE BODY.PEEK[])`);
  const bodies = new Map(
    untagged.flatMap(({ text, literal }): readonly [number, { octets: number; body: Buffer }][] =>
      literal === null ? [] : parseFetch(text).map(({ uid, octets }) => [uid, { octets, body: literal }]),
    ),
  );
  const ids = new Map(mailbox.messages.map(({ uid, messageId }) => [uid, messageId]));
  for (const uid of uids) {
    const messageId = ids.get(uid) ?? '';
    const message = ledger.messages.get(messageId);
    const fetched = bodies.get(uid);
    if (message === undefined) continue; // compareWithLedger says so
    const at = { uid, messageId };
    if (fetched === undefined) differences.push({ ...at, what: 'its octets cannot be fetched' });
    else if (fetched.octets !== fetched.body.length) {
      differences.push({ ...at, what: `RFC822.SIZE is ${fetched.octets}, and ${fetched.body.length} octets came` });
    } else if (sha256Of(fetched.body.subarray(-message.octets)) !== message.sha256) {
      differences.push({ ...at, what: 'its octets are not those that were sent' });
    }
  }
  return differences;
}

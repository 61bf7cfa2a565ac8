import { openDatabase } from '@postel/storage';
import { makeTemporaryDirectory, removeTemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { CrashRun } from './crash-run.ts';
import { report } from './summary.ts';

const SEED = 4;
/** `npm run crash` has the long form, with targets at random. */
const TARGETS = ['imap', 'smtp', 'postmaster', 'all'] as const;

/** At least: each fault below takes one of its own. */
const MESSAGES_TO_SPOIL = 6;

/** Behind the server's back, each in alice's INBOX, and what the comparison has to say of it. */
const PLANTED = [
  {
    sql: `delete from messages where (account_id, mailbox_id, uid) = (select account_id, mailbox_id, uid from inbox limit 1)`,
    what: 'a message that was acknowledged is missing',
  },
  {
    sql: `insert into messages select account_id, mailbox_id, (select max(uid) + 1000 from inbox), create_seq, mod_seq, internal_date,
                 save_date, content_id, email_id, thread_id, size_octets, prefix_octets, flags, keywords
            from messages where (account_id, mailbox_id, uid) = (select account_id, mailbox_id, uid from inbox offset 1 limit 1)`,
    what: 'a message is there 2 times',
  },
  {
    sql: `update messages set flags = flags # 4 where (account_id, mailbox_id, uid) = (select account_id, mailbox_id, uid from inbox offset 2 limit 1)`,
    what: 'its flags should be',
  },
  {
    sql: `update mailboxes set unseen = unseen + 1 where (account_id, mailbox_id) in (select account_id, mailbox_id from inbox)`,
    what: 'its counts are',
  },
  {
    sql: `update messages set mod_seq = create_seq - 1 where (account_id, mailbox_id, uid) = (select account_id, mailbox_id, uid from inbox offset 4 limit 1)`,
    what: 'its modseq fell',
  },
  {
    sql: `update contents set octets = overlay(octets placing '\\x58' from 10)
           where (account_id, content_id) = (select account_id, content_id from inbox join contents c using (account_id, content_id)
                                              where c.octets is not null limit 1)`,
    what: 'its octets ',
  },
];

test('whatever is killed, all that was acknowledged is there once, and nothing that was refused; what is planted is found', async () => {
  const directory = makeTemporaryDirectory();
  try {
    await using run = await CrashRun.start(directory, SEED);
    for (const target of TARGETS) {
      const { checked, killed } = await run.round(target);
      expect(checked.differences, `after kill -9 of ${target}`).toEqual([]);
      expect(killed, target).toBeGreaterThan(0);
    }
    // How much else was answered is up to the machine; these are what each round waits for.
    for (const kind of ['APPEND', 'LMTP']) {
      expect(run.ledger.counts.get(kind)?.acknowledged, kind).toBeGreaterThanOrEqual(TARGETS.length);
    }
    for (let n = 0; n < MESSAGES_TO_SPOIL; n++) expect(await run.mxSender.send(['alice'], 1_000)).toBe(true);
    for (const { sql } of PLANTED) await plant(run, sql);
    const { differences } = await run.check({ isWhole: true });
    for (const { what } of PLANTED) {
      expect(
        differences.map((difference) => difference.what),
        what,
      ).toContainEqual(expect.stringContaining(what));
    }
    const told = report({ ledger: run.ledger, rounds: [], atEnd: differences, seed: SEED });
    // A message that is missing comes with what was done with it, at least that it was added.
    expect(told).toMatch(
      /alice INBOX UID \d+ \S+: a message that was acknowledged is missing\n {4}#\d+ round \d+ .*-> (acknowledged|lost)/,
    );
    expect(await run.stop()).toEqual([]);
  } finally {
    removeTemporaryDirectory(directory);
  }
}, 120_000);

async function plant({ server }: CrashRun, statement: string): Promise<void> {
  const database = openDatabase(server.database, { applicationName: 'crash test', maxConnections: 1 });
  const { count } = await database.sql.unsafe(`
    with inbox as (select m.* from messages m join mailboxes b using (account_id, mailbox_id) join accounts a using (account_id)
                    where a.name = 'alice' and b.name = 'INBOX' order by m.uid)
    ${statement}`);
  await database.close();
  expect(count, statement).toBe(1);
}

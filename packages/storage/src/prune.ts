import type { Sql } from './database.ts';
import type { AccountId, MailboxId } from './ids.ts';

/** Rows that one transaction removes: other writes of the account wait for it some 50 ms. */
const AT_ONCE = 5_000;
/** Mailboxes that one transaction removes. */
const MAILBOXES_AT_ONCE = 100;
/** Keywords of a mailbox are looked through when it has half of those that it may have: until then unused names harm nobody. */
const LOOK_AT_KEYWORDS = 500;

export interface PruneOptions {
  /** Tombstones made before that go, if their content was released. */
  readonly tombstonesBefore: Date;
  /**
   * How old rows of `changes` become, in ms, before they go; up to twice as old, because they have no time of their own. 0: all
   * of them go now.
   */
  readonly changesAgeMs: number;
  readonly signal?: AbortSignal;
}

/** How many rows of each went. */
export interface Pruned {
  readonly tombstones: number;
  readonly changes: number;
  readonly keywords: number;
  readonly annotations: number;
  readonly mailboxes: number;
}

/** Runs one write of the account in its turn, again if its answer is lost: pruned twice is no less right. */
type Write = <Result>(slice: (sql: Sql) => Promise<Result>) => Promise<Result>;

/** See Store.prune. */
export async function prune(write: Write, account: AccountId, options: PruneOptions): Promise<Pruned> {
  const { signal } = options;
  return {
    tombstones: await inSlices(AT_ONCE, signal, () => write((sql) => pruneTombstones(sql, account, options))),
    changes: await inSlices(AT_ONCE, signal, () => write((sql) => pruneChanges(sql, account, options))),
    keywords: await pruneKeywords(write, account, signal),
    annotations: await inSlices(AT_ONCE, signal, () => write((sql) => pruneAnnotations(sql, account))),
    mailboxes: await inSlices(MAILBOXES_AT_ONCE, signal, () => write((sql) => pruneMailboxes(sql, account))),
  };
}

/** Until one removes less than it may. */
async function inSlices(most: number, signal: AbortSignal | undefined, slice: () => Promise<number>): Promise<number> {
  for (let sum = 0; ; ) {
    signal?.throwIfAborted();
    const pruned = await slice();
    sum += pruned;
    if (pruned < most) return sum;
  }
}

async function pruneTombstones(sql: Sql, account: AccountId, { tombstonesBefore }: PruneOptions): Promise<number> {
  const [row] = await sql<{ pruned: number }[]>`
    select prune_tombstones(${account}::bigint, ${tombstonesBefore.toISOString()}::timestamptz, ${AT_ONCE}::integer) as pruned`;
  return row?.pruned ?? 0;
}

async function pruneChanges(sql: Sql, account: AccountId, { changesAgeMs }: PruneOptions): Promise<number> {
  const [row] = await sql<{ pruned: number }[]>`
    select prune_changes(
      ${account}::bigint, make_interval(secs => ${changesAgeMs / 1_000}::double precision), ${AT_ONCE}::integer) as pruned`;
  return row?.pruned ?? 0;
}

async function pruneAnnotations(sql: Sql, account: AccountId): Promise<number> {
  const [row] = await sql<{ pruned: number }[]>`
    select prune_annotations(${account}::bigint, ${AT_ONCE}::integer) as pruned`;
  return row?.pruned ?? 0;
}

async function pruneMailboxes(sql: Sql, account: AccountId): Promise<number> {
  const [row] = await sql<{ pruned: number }[]>`
    select prune_mailboxes(${account}::bigint, ${MAILBOXES_AT_ONCE}::integer) as pruned`;
  return row?.pruned ?? 0;
}

/**
 * Which keywords nobody bears is found without the account row, for it takes a look at all messages; what came to bear one
 * since is found when they go.
 */
async function pruneKeywords(write: Write, account: AccountId, signal: AbortSignal | undefined): Promise<number> {
  const full = await write(
    (sql) => sql.read<{ mailbox: MailboxId }[]>`
      select mailbox_id as mailbox from keywords where account_id = ${account}::bigint
       group by account_id, mailbox_id having count(*) >= ${LOOK_AT_KEYWORDS}::integer`,
  );
  let sum = 0;
  for (const { mailbox } of full) {
    signal?.throwIfAborted();
    const [unused] = await write(
      (sql) => sql.read<{ asOf: number; ids: string }[]>`
        select a.modseq as "asOf", array(
                 select k.keyword_id from keywords as k where k.account_id = a.account_id and k.mailbox_id = ${mailbox}::bigint
                 except select unnest(m.keywords) from messages as m
                  where m.account_id = a.account_id and m.mailbox_id = ${mailbox}::bigint and m.keywords <> '{}'
                 except select unnest(t.keywords) from tombstones as t
                  where t.account_id = a.account_id and t.mailbox_id = ${mailbox}::bigint and t.keywords <> '{}'
                    and t.content_id is not null)::text as ids
          from accounts as a where a.account_id = ${account}::bigint`,
    );
    if (unused === undefined || unused.ids === '{}') continue;
    const [row] = await write(
      (sql) => sql<{ pruned: number }[]>`
        select prune_keywords(${account}::bigint, ${mailbox}::bigint, ${unused.ids}::integer[], ${unused.asOf}::bigint) as pruned`,
    );
    sum += row?.pruned ?? 0;
  }
  return sum;
}

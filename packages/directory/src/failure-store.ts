import type { Sql } from '@postel/storage';
import type { Actor } from './actor.ts';
import type { Subject } from './change-record.ts';
import { changeLimits, readDirectory } from './transaction.ts';

/** A count as all processes have it: how long until it is 0. */
export interface StoredCount {
  readonly scope: string;
  readonly leftMs: number;
  /** When somebody cleared it last, in ms of the database's clock; null: never. */
  readonly clearedAt: number | null;
}

/** Where processes share their counts. */
export interface FailureStore {
  /** Adds time to counts. @returns what they are then */
  add(counts: ReadonlyMap<string, number>): Promise<readonly StoredCount[]>;
  /** The counts changed within so many ms, newest first; all that are not 0 yet, or were cleared, for Infinity. */
  readChanged(withinMs: number): Promise<readonly StoredCount[]>;
  /**
   * The counts that are not 0 yet, the highest first.
   *
   * @throws {DirectoryError} 'unavailable'
   */
  readAll(): Promise<readonly StoredCount[]>;
  /**
   * Makes counts 0, for every process: those of networks that hold the given one, or are part of it, and of accounts there.
   *
   * @param network as CIDR; null: all
   * @returns the scopes of those that were not 0
   * @throws {DirectoryError} 'unavailable'
   */
  clear(actor: Actor, network: string | null): Promise<readonly string[]>;
}

/** Nobody is shut out for longer, whatever was tried. */
const MOST_MS = 86_400_000;
/** Read at once: under an attack from everywhere, the newest. */
const MOST_READ = 20_000;

export function failuresIn(sql: Sql): FailureStore {
  return {
    add(counts) {
      // In one order everywhere, so that two processes never wait for each other.
      const added = [...counts].map(([scope, ms]) => ({ scope, ms })).toSorted((a, b) => (a.scope < b.scope ? -1 : 1));
      return sql.begin(
        (tx) => tx<StoredCount[]>`
          insert into login_failures as kept (scope, empty_at, changed_at)
          select scope, now() + ms * interval '1 ms', clock_timestamp()
            from jsonb_to_recordset(${JSON.stringify(added)}::text::jsonb) as added (scope text, ms float8)
              on conflict (scope) do update
             set empty_at = least(greatest(kept.empty_at, now()) + (excluded.empty_at - now()),
                                  now() + ${MOST_MS}::float8 * interval '1 ms'),
                 changed_at = excluded.changed_at
          returning ${columns(tx)}`,
        NOT_AT_ONCE,
      );
    },
    readChanged: (withinMs) => sql.read<StoredCount[]>`
      select ${columns(sql)} from login_failures
       where (empty_at > now() or cleared_at is not null)
         and changed_at > case when ${withinMs}::float8 = 'infinity' then '-infinity'::timestamptz
                               else now() - ${withinMs}::float8 * interval '1 ms' end
       order by changed_at desc limit ${MOST_READ}`,
    readAll: () =>
      readDirectory(
        () => sql.read<StoredCount[]>`
          select ${columns(sql)} from login_failures
           where empty_at > now() order by empty_at desc limit ${MOST_READ}`,
      ),
    async clear(actor, network) {
      return await changeLimits(sql, actor, async (tx, note) => {
        await note(failuresOf(network));
        const cleared = await tx<{ scope: string }[]>`
          update login_failures set empty_at = now(), changed_at = clock_timestamp(), cleared_at = clock_timestamp()
           where empty_at > now()
             and (${network}::text is null or split_part(scope, ' ', -1)::inet && ${network}::text::inet)
          returning scope`;
        return cleared.map(({ scope }) => scope);
      });
    },
  };
}

/** How many failures are remembered there, as a subject of changes. @param network null: everywhere */
function failuresOf(network: string | null): Subject {
  return {
    kind: 'login-limits',
    name: network ?? 'all',
    async read(tx) {
      const [row] = await tx<{ counts: number }[]>`
        select count(*)::integer as counts from login_failures
         where empty_at > now()
           and (${network}::text is null or split_part(scope, ' ', -1)::inet && ${network}::text::inet)`;
      return { counts: row?.counts ?? 0 };
    },
  };
}

const columns = (sql: Pick<Sql, 'read'>) => sql.read`
  scope, (extract(epoch from empty_at - now()) * 1000)::float8 as "leftMs",
  (extract(epoch from cleared_at) * 1000)::float8 as "clearedAt"`;

/** What a crash of the server may lose the last moment of: it is not worth a wait for the disk. */
export const NOT_AT_ONCE = { opening: 'set local synchronous_commit to off' } as const;

import type { Sql, Transaction } from '@postel/storage';

/** Those of transactions that are open: who has one of these waits for nothing that is not the database's. */
const bound = new WeakSet<object>();

/**
 * One transaction as if it were a whole database: what begins one of its own in it is a part of it, and is committed or rolled back with
 * it.
 */
export function boundSql(tx: Transaction): Sql {
  const { unsafe, read } = tx;
  const begin: Sql['begin'] = (work) => work(tx);
  const octetRows: Sql['octetRows'] = () => Promise.reject(new Error('Octets are not read inside of a transaction'));
  // Wrapped, for what is set on a function is set on whoever else has it.
  const tag = new Proxy(tx.bind(null), {});
  const sql: Sql = Object.assign(tag, { unsafe, read, begin, octetRows });
  bound.add(sql);
  return sql;
}

export const isBound = (sql: Sql): boolean => bound.has(sql);

/**
 * The same database; but before the first transaction does anything, it is asked whether it may, under the lock that all changes of the
 * directory take: what was found holds until they commit. Those that follow are the rest of the same change.
 */
export function guardedSql(sql: Sql, guard: (tx: Transaction) => Promise<void>): Sql {
  let isAsked = false;
  const begin: Sql['begin'] = (work, options) =>
    sql.begin(async (tx) => {
      if (!isAsked) {
        await tx`select from installation for no key update`;
        await guard(tx);
        isAsked = true;
      }
      return await work(tx);
    }, options);
  const { unsafe, read, octetRows } = sql;
  return Object.assign(new Proxy(sql.bind(null), {}), { unsafe, read, octetRows, begin });
}

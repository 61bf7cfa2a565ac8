import type { Sql, Transaction } from '@postel/storage';

/** Names are the directory's and unique over all accounts; the installation's row, which whoever adds one holds, sees to that too. */
const UNIQUE_OVER_ACCOUNTS: ReadonlySet<string> = new Set(['accounts_name']);

/**
 * Partitions by hash of `account_id` every table whose primary key begins with it, as a database spread over machines by
 * account has them. All else is taken from the catalogue, so that the schema stands nowhere twice: columns, constraints,
 * indexes, storage settings, triggers, foreign keys, rights, and the views and functions that name them.
 *
 * @param sql a migrated database without accounts
 * @returns the names of the tables, in alphabetical order
 */
export function partitionMailTables(sql: Sql, partitions: number): Promise<readonly string[]> {
  return sql.begin(async (tx) => {
    const views = await readViews(tx);
    const tables = await readTables(tx);
    const after = await readDependents(tx);
    await run(
      tx,
      views.toReversed().map(({ name }) => `drop view ${name}`),
    );
    await run(
      tx,
      after.foreignKeys.map(({ table, name }) => `alter table ${table} drop constraint ${name}`),
    );
    await run(
      tx,
      after.functions.map(({ signature }) => `drop function ${signature}`),
    );
    for (const table of tables) await run(tx, partitioned(table, partitions));
    await run(
      tx,
      after.functions.map(({ definition }) => definition),
    );
    await run(tx, after.statements);
    await run(
      tx,
      after.foreignKeys.map(
        ({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition}`,
      ),
    );
    await run(
      tx,
      views.flatMap(({ name, options, definition }) => `create view ${name} ${withOptions(options)} as ${definition}`),
    );
    await run(tx, after.grants);
    return tables.map(({ name }) => name);
  });
}

interface Table {
  readonly name: string;
  /** `fillfactor=50,...`; '' for none. A partitioned table has none: its partitions do. */
  readonly options: string;
}

interface View extends Table {
  readonly definition: string;
}

interface ForeignKey {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

function partitioned({ name, options }: Table, partitions: number): readonly string[] {
  return [
    `alter table ${name} rename to ${name}_whole`,
    `create table ${name} (like ${name}_whole including all excluding indexes) partition by hash (account_id)`,
    `drop table ${name}_whole`,
    ...Array.from(
      { length: partitions },
      (_, i) =>
        `create table ${name}_${i} partition of ${name}
         for values with (modulus ${partitions}, remainder ${i}) ${withOptions(options)}`,
    ),
  ];
}

const withOptions = (options: string) => (options === '' ? '' : `with (${options})`);

const MAIL_TABLES = `
  select c.oid, c.relname as name, coalesce(array_to_string(c.reloptions, ', '), '') as options
    from pg_class as c
    join pg_index as i on i.indrelid = c.oid and i.indisprimary
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = i.indkey[0] and a.attname = 'account_id'
   where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
   order by c.relname`;

async function readTables(tx: Transaction): Promise<readonly Table[]> {
  return await tx.unsafe<Table[]>(MAIL_TABLES);
}

/** In the order in which they were made, so that each comes after those it is made of. */
async function readViews(tx: Transaction): Promise<readonly View[]> {
  return await tx<View[]>`
    select oid::regclass::text as name, coalesce(array_to_string(reloptions, ', '), '') as options,
           pg_get_viewdef(oid) as definition
      from pg_class
     where relkind = 'v' and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) order by oid`;
}

/** What goes with the tables, or would hold on to them, and is made again. */
async function readDependents(tx: Transaction) {
  const keys = await tx.unsafe<{ statement: string }[]>(
    `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as statement
       from pg_constraint where contype in ('p', 'u') and conrelid in (select oid from (${MAIL_TABLES}) as t)`,
  );
  const indexes = await tx.unsafe<{ name: string; statement: string }[]>(
    `select c.relname as name, pg_get_indexdef(i.indexrelid) as statement
       from pg_index as i join pg_class as c on c.oid = i.indexrelid
      where i.indrelid in (select oid from (${MAIL_TABLES}) as t)
        and not exists (select from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u'))`,
  );
  const triggers = await tx.unsafe<{ statement: string }[]>(
    `select pg_get_triggerdef(oid) as statement from pg_trigger
      where not tgisinternal and tgrelid in (select oid from (${MAIL_TABLES}) as t)`,
  );
  const foreignKeys = await tx.unsafe<ForeignKey[]>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
       from pg_constraint
      where contype = 'f' and exists (select from (${MAIL_TABLES}) as t where t.oid in (conrelid, confrelid))`,
  );
  // Those that take or give rows of a table; the bodies of the others are text, which names tables when it runs.
  const functions = await tx.unsafe<{ signature: string; definition: string }[]>(
    `select p.oid::regprocedure::text as signature, pg_get_functiondef(p.oid) as definition
       from pg_proc as p
      where exists (select from pg_depend as d join pg_type as y on y.oid = d.refobjid
                     where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_type'::regclass
                       and y.typrelid in (select oid from (${MAIL_TABLES}) as t))`,
  );
  const grants = await tx.unsafe<{ statement: string }[]>(
    `select format('grant %s on %s to %s', a.privilege_type, c.oid::regclass,
                   case a.grantee when 0 then 'public' else a.grantee::regrole::text end) as statement
       from pg_class as c cross join aclexplode(c.relacl) as a
      where a.grantee <> c.relowner
        and (c.relkind = 'v' and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
             or c.oid in (select oid from (${MAIL_TABLES}) as t))`,
  );
  return {
    statements: [
      ...keys.map(({ statement }) => statement),
      ...indexes.map(({ name, statement }) =>
        UNIQUE_OVER_ACCOUNTS.has(name) ? statement.replace('CREATE UNIQUE', 'CREATE') : statement,
      ),
      ...triggers.map(({ statement }) => statement),
    ],
    foreignKeys,
    functions,
    grants: grants.map(({ statement }) => statement),
  };
}

async function run(tx: Transaction, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await tx.unsafe(statement);
}

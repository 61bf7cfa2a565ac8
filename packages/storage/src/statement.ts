import type postgres from 'postgres';
import { type Client, type Connection, DEADLINE_MS } from './connection.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { ConnectionLost, StorageError } from './errors.ts';
import { type OctetRow, type OctetRowValue, octetRows } from './octet-rows.ts';

type Row = object | undefined;
type Rows = readonly Row[];
type Scalar = string | number | boolean | Uint8Array | Date | null;
/** What stands between the pieces of a template: a value, a name, or a part of the statement. */
type SqlValue = Scalar | Identifier | Part;
/** What a statement gives: its rows, and how many it found or changed. */
type Found<Result extends Rows> = Result & { readonly count: number };

type Write = (client: Client) => postgres.PendingQuery<postgres.Row[]>;
type Run = (write: Write) => Promise<unknown>;

/** A template tag: ``sql`select ...` `` runs when it is awaited; inside another statement it is a part of that one. */
interface SqlTag {
  <Result extends Rows = postgres.Row[]>(text: TemplateStringsArray, ...values: readonly SqlValue[]): Statement<Result>;
  /** A name to stand in a statement, quoted. */
  (name: string): Identifier;
  /** A statement whose text was put together, with `$1` and so on for the values. It is prepared once if that is asked. */
  unsafe<Result extends Rows = postgres.Row[]>(
    text: string,
    values?: readonly Scalar[],
    options?: { readonly prepare: boolean },
  ): Statement<Result>;
}

/** Statements on any connection of a pool, each a transaction of its own. */
export interface Sql extends SqlTag {
  /**
   * A statement that only reads. It has less time than one that writes, and is run again if its connection breaks: a
   * connection that the server closed may be lent before we learn of it.
   */
  readonly read: SqlTag;
  /**
   * Runs statements as one transaction, which is rolled back if `work` throws or one of them fails.
   *
   * @param options.isLong its statements may take any time; the server's statement_timeout is for `work` to change
   * @param options.opening its first statement
   * @throws {StorageError} 'unavailable' if the connection broke before the commit, so that nothing was changed
   * @throws {ConnectionLost} if it broke during the commit
   */
  begin<Result>(work: (tx: Transaction) => Promise<Result>, options?: TransactionOptions): Promise<Result>;
  /** Reads rows of bytea columns, as `read` does; the text has `$1` and so on for the values. See `octetRows` for how. */
  octetRows(how: keyof typeof octetRows, text: string, values: readonly OctetRowValue[]): Promise<readonly OctetRow[]>;
}

interface TransactionOptions {
  readonly isLong?: boolean;
  /** A statement without values, sent together with `begin`. */
  readonly opening?: string;
}

/** Statements of one transaction; they run in the order in which they were first awaited. */
export interface Transaction extends SqlTag {
  /** The same as the transaction: for what reads inside and outside of one. */
  readonly read: SqlTag;
  readonly begin?: never;
}

/**
 * A read whose connection breaks is run again. The second connection may have been made just before what broke the first, its
 * end not seen yet; the third was made after.
 */
const READ_ATTEMPTS = 3;

/** A piece of SQL with its values. */
class Part {
  /** Makes it for a client, to be run by it or to be a part of another statement. */
  readonly write: Write;

  constructor(write: Write) {
    this.write = write;
  }
}

class Identifier {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A promise whose work begins when somebody first asks for the result. */
class Statement<Result extends Rows> extends Part implements Promise<Found<Result>> {
  readonly [Symbol.toStringTag] = 'Statement';
  readonly #run: Run;
  #result: Promise<Found<Result>> | null = null;

  constructor(run: Run, write: Write) {
    super(write);
    this.#run = run;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  then<Value = Found<Result>, Failure = never>(
    onFulfilled?: ((rows: Found<Result>) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    return this.#rows().then(onFulfilled, onRejected);
  }

  catch<Failure = never>(
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Found<Result> | Failure> {
    return this.#rows().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Found<Result>> {
    return this.#rows().finally(onFinally);
  }

  #rows(): Promise<Found<Result>> {
    // Only whoever wrote the statement knows what its rows are like.
    this.#result ??= this.#run(this.write) as Promise<Found<Result>>;
    return this.#result;
  }
}

export function sqlOn(pool: ConnectionPool): Sql {
  const borrow = async <Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> => {
    const connection = await pool.borrow();
    try {
      return await work(connection);
    } finally {
      pool.giveBack(connection);
    }
  };
  const read = async <Result>(statement: (client: Client) => PromiseLike<Result>): Promise<Result> => {
    for (let attempts = 1; ; attempts++) {
      try {
        return await borrow((connection) => connection.run(statement, DEADLINE_MS.read));
      } catch (error) {
        if (!(error instanceof ConnectionLost) || error.isLate || attempts === READ_ATTEMPTS) throw error;
      }
    }
  };
  return Object.assign(
    tagOn((write) => borrow((connection) => connection.run(write, DEADLINE_MS.write))),
    {
      read: tagOn(read),
      begin: <Result>(work: (tx: Transaction) => Promise<Result>, options: TransactionOptions = {}) =>
        borrow((connection) => runTransaction(connection, work, options)),
      octetRows: (how: keyof typeof octetRows, text: string, values: readonly OctetRowValue[]) =>
        read((client) => octetRows[how](client, text, values)),
    },
  );
}

async function runTransaction<Result>(
  connection: Connection,
  work: (tx: Transaction) => Promise<Result>,
  { isLong = false, opening }: TransactionOptions,
): Promise<Result> {
  const deadlineMs = isLong ? Number.POSITIVE_INFINITY : DEADLINE_MS.write;
  let last: Promise<unknown> = Promise.resolve();
  const failures: unknown[] = [];
  const run: Run = (write) => {
    const rows = last.then(() => connection.run(write, deadlineMs));
    last = rows.catch((error) => failures.push(error));
    return rows;
  };
  const say = (what: string) => connection.run((client) => client.unsafe(what), deadlineMs);

  let result: Result;
  try {
    await say(opening === undefined ? 'begin' : `begin; ${opening}`);
    const tag = tagOn(run);
    result = await work(Object.assign(tag, { read: tag }));
    await last;
    // One that `work` made nothing of: Postgres would answer the commit with a rollback and call it a success.
    if (failures.length > 0) throw failures[0];
  } catch (error) {
    await last;
    if (connection.isUsable) await say('rollback').catch(() => {}); // the server does it, when the connection breaks
    if (error instanceof ConnectionLost) throw new StorageError('unavailable', error.message, { cause: error });
    throw error;
  }
  await say('commit');
  return result;
}

function tagOn(run: Run): SqlTag {
  function tag<Result extends Rows>(text: TemplateStringsArray, ...values: readonly SqlValue[]): Statement<Result>;
  function tag(name: string): Identifier;
  function tag(text: TemplateStringsArray | string, ...values: readonly SqlValue[]) {
    if (typeof text === 'string') return new Identifier(text);
    return new Statement(run, (client) => client(text, ...values.map((value) => valueFor(client, value))));
  }
  return Object.assign(tag, {
    unsafe: <Result extends Rows>(text: string, values: readonly Scalar[] = [], options = {}) =>
      new Statement<Result>(run, (client) => client.unsafe(text, [...values], options)),
  });
}

function valueFor(client: Client, value: SqlValue) {
  if (value instanceof Part) return value.write(client);
  if (value instanceof Identifier) return client(value.name);
  return value;
}

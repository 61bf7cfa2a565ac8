import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';

/** A database of its own, with the tables of the queue. */
export async function openTestDatabase() {
  const stack = new AsyncDisposableStack();
  const { target } = stack.use(await createTestDatabase());
  const database = openDatabase(target, { applicationName: 'queue test', maxConnections: 4 });
  stack.defer(() => database.close());
  return { ...database, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

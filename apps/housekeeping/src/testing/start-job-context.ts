import { openDirectory } from '@postel/directory';
import { openBlobs, openDatabase, Store } from '@postel/storage';
import { createLog } from '@postel/supervision';
import { createTestDatabase, TemporaryDirectory } from '@postel/testkit';
import type { JobContext } from '../job.ts';

/** What jobs are given: a database, a directory and a store of their own, which end with the stack. */
export async function startJobContext(stack: AsyncDisposableStack) {
  const { target } = stack.use(await createTestDatabase());
  const directory = stack.use(new TemporaryDirectory());
  const database = openDatabase(target, { applicationName: 'jobs test', maxConnections: 2 });
  stack.defer(() => database.close());
  const blobs = await openBlobs({ directory: directory.path });
  const store = new Store(database, { blobs, onError: (error) => console.error(error) });
  stack.defer(() => store.close());
  const accounts = openDirectory(database).as({ type: 'server', task: 'test' });
  stack.defer(() => accounts.close());
  const context: JobContext = {
    database,
    store,
    blobs,
    hostname: 'mail.example.com',
    tombstoneDays: 90,
    loginHistoryDays: 30,
    mailHistoryDays: 30,
    reportDays: 90,
    tellLeft: () => {},
    log: createLog({ name: 'jobs', file: '/dev/null' }),
    signal: new AbortController().signal,
  };
  return { target, accounts, context };
}

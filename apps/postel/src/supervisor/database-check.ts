import { type Database, pingDatabase } from '@postel/storage';

const DEADLINE_MS = 2_000;

/** What the database answers to the smallest question: `ready`, or what is wrong. */
export async function checkDatabase(database: Database): Promise<string> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer')), DEADLINE_MS);
  try {
    await Promise.race([pingDatabase(database), deadline]);
    return 'ready';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}

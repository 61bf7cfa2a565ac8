import type { Sql } from '@postel/storage';

export const QUEUE_CHANNEL = 'postel_queue';

/** Wakes everybody who takes rows. */
export async function tellQueue(sql: Sql): Promise<void> {
  await sql`select pg_notify(${QUEUE_CHANNEL}, '')`;
}

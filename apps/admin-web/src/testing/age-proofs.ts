import { openDatabase } from '@postel/storage';
import type { sharedPostel } from '@postel/testkit';

/** Lets more time go by than a proof of identity counts, for everybody who is signed in to an account of that name. */
export async function ageProofs({ database: target }: ReturnType<typeof sharedPostel>, account: string): Promise<void> {
  const database = openDatabase(target, { applicationName: 'test', maxConnections: 1 });
  try {
    const { unsafe } = database.sql;
    await unsafe(
      `update web_sessions set proved_at = now() - interval '601 seconds'
        where account_id = (select account_id from accounts where name = $1)`,
      [account],
    );
  } finally {
    await database.close();
  }
}

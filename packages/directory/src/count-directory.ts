import type { Sql } from '@postel/storage';
import { readDirectory } from './transaction.ts';

/** How much there is, for people to see at a glance. */
export interface DirectoryCounts {
  readonly accounts: number;
  /** Of these. */
  readonly disabledAccounts: number;
  readonly domains: number;
  readonly messages: number;
  /** Of messages in mailboxes, each copy counted. */
  readonly octets: number;
}

export async function countDirectory(sql: Sql): Promise<DirectoryCounts> {
  const [row] = await readDirectory(
    () => sql.read<DirectoryCounts[]>`
      select count(*)::integer as accounts, (count(*) filter (where is_disabled))::integer as "disabledAccounts",
             (select count(*)::integer from domains) as domains,
             coalesce(sum(used_messages), 0)::bigint as messages, coalesce(sum(used_octets), 0)::bigint as octets
        from accounts`,
  );
  return row ?? { accounts: 0, disabledAccounts: 0, domains: 0, messages: 0, octets: 0 };
}

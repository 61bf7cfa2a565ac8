import type { Sql } from '../database.ts';
import type { AccountId, ContentId } from '../ids.ts';
import { type Finding, finding } from './finding.ts';
import { repairAccount } from './repair.ts';

/** As many as are told of at once: nobody reads more. */
const MOST_ROWS = 1_000;

/** Blobs that are noted for removal although a content is in them. */
export async function verifyRemovedBlobs(sql: Sql, account: AccountId): Promise<readonly Finding[]> {
  const rows = await sql.read<{ content: ContentId; blobName: string }[]>`
    select c.content_id as content, r.blob_name as "blobName"
      from removed_blobs as r
      join contents as c on c.account_id = r.account_id and c.blob_name = r.blob_name
     where r.account_id = ${account}::bigint order by c.content_id limit ${MOST_ROWS}::integer`;
  return rows.map(({ content, blobName }) => {
    const problem = `blob ${blobName} is noted for removal, while its content ${content} is in it`;
    return finding('contents', account, problem, { repair: 'take the note away' });
  });
}

/** Whatever noted them: no blob that a content is in may go. */
export async function repairRemovedBlobs(sql: Sql, account: AccountId): Promise<void> {
  await repairAccount(sql, account, async (tx) => {
    await tx`
      delete from removed_blobs as r using contents as c
       where r.account_id = ${account}::bigint and c.account_id = r.account_id and c.blob_name = r.blob_name`;
  });
}

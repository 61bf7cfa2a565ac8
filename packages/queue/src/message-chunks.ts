import { type Sql, StorageError, type Transaction } from '@postel/storage';

export async function storeChunk(sql: Sql | Transaction, id: string, chunk: number, octets: Buffer): Promise<void> {
  await sql`
    insert into queue_contents (message_id, chunk, octets) values (${id}::uuid, ${chunk}::integer, ${octets}::bytea)`;
}

/** Octets that seemed stray, to a clock that jumped, are gone. @throws {StorageError} 'unavailable' */
export async function requireOctets(tx: Transaction, id: string, sizeOctets: number): Promise<void> {
  const [kept] = await tx<{ octets: number }[]>`
    select coalesce(sum(octets), 0)::float8 as octets
      from (select octet_length(octets) as octets from queue_contents where message_id = ${id}::uuid for share) as chunks`;
  if (kept?.octets === sizeOctets) return;
  throw new StorageError('unavailable', 'octets of a message were removed while it was being queued');
}

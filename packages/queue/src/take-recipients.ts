import { randomUUID } from 'node:crypto';
import { type Transaction, textArray } from '@postel/storage';
import { BULK_PART, SMALL_MESSAGE_OCTETS } from './limits.ts';
import { countedMs } from './queue-clock.ts';
import type { LeasedRecipient, QueuedEnvelope, QueuedMessage } from './queue-rows.ts';

interface Taking {
  readonly limit: number;
  readonly except: readonly string[];
  readonly bulkLimit: number;
  readonly leaseMs: number;
}

/** Takes rows that are due: see `Queue.take`. */
export async function takeRecipients(
  tx: Transaction,
  { limit, except, bulkLimit, leaseMs }: Taking,
): Promise<readonly LeasedRecipient[]> {
  const lease = randomUUID();
  const dueOf = async (isBulk: boolean, most: number) =>
    await tx<{ id: number }[]>`
    select recipient_id as id from queue_recipients
     where state = 'waiting' and is_bulk = ${isBulk} and next_attempt_at <= now()
       and domain <> all(${textArray(except)}::text[])
     order by next_attempt_at limit ${most} for update skip locked`;
  const first = await dueOf(false, limit);
  const room = Math.max(limit - first.length, Math.ceil(limit * BULK_PART));
  const bulk = await dueOf(true, Math.min(bulkLimit, room));
  const due = [...first, ...bulk];
  if (due.length === 0) return [];
  const ids = `{${due.map(({ id }) => id).join(',')}}`;
  await tx`
    update queue_recipients
       set lease = ${lease}::uuid, next_attempt_at = now() + make_interval(secs => ${leaseMs / 1_000}),
           tried_since_ms = coalesce(tried_since_ms, ${countedMs(tx)})
     where recipient_id = any(${ids}::bigint[])`;
  const rows = await tx<LeasedRow[]>`
    select r.recipient_id as id, r.forward_path as "forwardPath", r.domain, r.alias,
           coalesce(r.list_fields, '') as "listFields", r.original_recipient as "originalRecipient",
           array_to_string(r.notify, ',') as notify, r.attempts, r.delay_told_at is not null as "wasToldOfDelay",
           r.is_bulk as "isBulk", r.pinned_route as "pinnedRoute", coalesce(s.reason, case when r.last_status like '5.%' then r.last_reply end) as ending,
           m.message_id as "messageId", m.name, m.account_id as account, m.queued_at as "queuedAt",
           m.released_at as "releasedAt", greatest(${countedMs(tx)} - r.tried_since_ms, 0)::float8 as "ageMs",
           m.reverse_path as "reversePath", m.release_request as "releaseRequest",
           m.size_octets as "sizeOctets", m.is_8bit as "is8bit", m.has_utf8_header as "hasUtf8Header",
           m.is_binary as "isBinary", m.is_tls_optional as "isTlsOptional", m.is_utf8 as "isUtf8", m.requires_tls as "requiresTls", m.envelope_id as "envelopeId",
           m.return_content as "returnContent", m.submitter, array_to_string(m.signers, ',') as signers,
           m.tells_sender as "tellsSender"
      from queue_recipients as r join queue_messages as m using (message_id)
      left join queue_suppressions as s on s.address = lower(left(r.forward_path, -strpos(reverse(r.forward_path), '@'))) || '@' || r.domain
     where r.recipient_id = any(${ids}::bigint[]) order by r.is_bulk, m.queued_at, r.recipient_id`;
  const small = await readSmall(tx, rows);
  return rows.map((row) => leased(row, lease, small.get(row.messageId)));
}

type LeasedRow = Omit<LeasedRecipient, 'message' | 'lease' | 'notify'> &
  Omit<QueuedMessage, 'id' | 'envelope' | 'signers'> &
  QueuedEnvelope & { readonly messageId: string; readonly notify: string | null; readonly signers: string };

function leased(row: LeasedRow, lease: string, octets: Buffer | undefined): LeasedRecipient {
  const {
    tellsSender,
    messageId,
    name,
    account,
    queuedAt,
    releasedAt,
    sizeOctets,
    is8bit,
    hasUtf8Header,
    isBinary,
    isTlsOptional,
  } = row;
  const { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest } = row;
  const { id, forwardPath, domain, alias, listFields, originalRecipient, attempts, wasToldOfDelay, isBulk } = row;
  const { ageMs, pinnedRoute, ending } = row;
  const envelope = { reversePath, isUtf8, requiresTls, envelopeId, returnContent, submitter, releaseRequest };
  const signers = row.signers === '' ? [] : row.signers.split(',');
  const traits = { is8bit, hasUtf8Header, isBinary, isTlsOptional, ...(octets !== undefined && { octets }) };
  const times = { queuedAt, releasedAt };
  const message = { id: messageId, name, account, ...times, envelope, sizeOctets, ...traits, signers, tellsSender };
  const notify = row.notify?.split(',') ?? null;
  const path = { forwardPath, domain, alias, listFields, notify, originalRecipient };
  return { id, lease, ...path, attempts, ageMs, wasToldOfDelay, isBulk, pinnedRoute, ending, message };
}

/** The octets of those that are small: asked for one by one they cost more than they weigh. */
async function readSmall(tx: Transaction, rows: readonly LeasedRow[]): Promise<ReadonlyMap<string, Buffer>> {
  const small = rows.filter(({ sizeOctets }) => sizeOctets <= SMALL_MESSAGE_OCTETS).map(({ messageId }) => messageId);
  if (small.length === 0) return new Map();
  const contents = await tx<{ id: string; octets: Buffer }[]>`
    select message_id as id, octets from queue_contents
     where message_id = any(${textArray([...new Set(small)])}::uuid[]) and chunk = 0`;
  return new Map(contents.map(({ id, octets }) => [id, octets]));
}

import type { Sql, Transaction } from '@postel/storage';
import { domainOf } from './domain-of.ts';
import { tellQueue } from './tell-queue.ts';

/** What a rule holds: of a reverse-path, for a domain, or of an account. */
type HoldRuleKind = 'sender' | 'domain' | 'account';

export interface HoldRule {
  readonly kind: HoldRuleKind;
  /** An address, a domain, or the name of an account. */
  readonly value: string;
}

export interface KeptHoldRule extends HoldRule {
  readonly reason: string;
  readonly addedAt: Date;
  /** Recipients that it holds now. */
  readonly held: number;
}

/** An address at another server that gets nothing. */
export interface Suppression {
  readonly address: string;
  readonly reason: string;
  readonly addedAt: Date;
}

/** Holds what is queued from now on, and what waits and nobody has in hand. @returns how many of these; null if there is no such account */
export async function addHoldRule(sql: Sql, rule: HoldRule, reason: string): Promise<number | null> {
  const { kind } = rule;
  return await sql.begin(async (tx) => {
    const value = await keptValue(tx, rule);
    if (value === null) return null;
    const [row] = await tx<{ id: number }[]>`
      insert into queue_hold_rules (kind, value, reason) values (${kind}, ${value}, ${reason})
      on conflict (kind, value) do update set reason = excluded.reason returning rule_id as id`;
    const held = await tx<{ id: number }[]>`
      update queue_recipients as r set state = 'held', held_by = ${row?.id ?? 0}::bigint from queue_messages as m
       where r.message_id = m.message_id and r.state = 'waiting' and r.lease is null
         and case ${kind}::text when 'sender' then lower(m.reverse_path) = ${value} when 'domain' then r.domain = ${value}
             else m.account_id::text = ${value} end
      returning r.recipient_id as id`;
    await addEvents(tx, 'held', held, reason);
    return held.length;
  });
}

/** What it holds goes on. @returns how many recipients; null if there is no such rule */
export async function removeHoldRule(sql: Sql, rule: HoldRule): Promise<number | null> {
  const released = await sql.begin(async (tx) => {
    const value = await keptValue(tx, rule);
    const [row] = await tx<{ id: number }[]>`
      delete from queue_hold_rules where kind = ${rule.kind} and value = ${value}::text returning rule_id as id`;
    if (row === undefined) return null;
    const rows = await tx<{ id: number }[]>`
      update queue_recipients as r set state = 'waiting', held_by = null, tried_since_ms = null,
             next_attempt_at = case when m.release_request is null then now() else greatest(now(), m.released_at) end
        from queue_messages as m
       where r.message_id = m.message_id and r.state = 'held' and r.held_by = ${row.id}::bigint returning r.recipient_id as id`;
    await addEvents(tx, 'released', rows, null);
    return rows.length;
  });
  if (released !== null && released > 0) await tellQueue(sql);
  return released;
}

export async function listHoldRules(sql: Sql): Promise<readonly KeptHoldRule[]> {
  return await sql.read<KeptHoldRule[]>`
    select h.kind, coalesce(a.name, h.value) as value, h.reason, h.added_at as "addedAt",
           (select count(*)::integer from queue_recipients as r where r.held_by = h.rule_id and r.state = 'held') as held
      from queue_hold_rules as h left join accounts as a on h.kind = 'account' and a.account_id::text = h.value
     order by h.kind, 2`;
}

/** Nothing more is sent there: what waits fails when its time comes. */
export async function addSuppression(sql: Sql, address: string, reason: string): Promise<void> {
  await sql`
    insert into queue_suppressions (address, reason) values (${suppressedAs(address)}, ${reason})
    on conflict (address) do update set reason = excluded.reason, added_at = now()`;
}

/** @returns whether it was there */
export async function removeSuppression(sql: Sql, address: string): Promise<boolean> {
  const { count } = await sql`delete from queue_suppressions where address = ${suppressedAs(address)}`;
  return count > 0;
}

export async function listSuppressions(sql: Sql): Promise<readonly Suppression[]> {
  return await sql.read<Suppression[]>`
    select address, reason, added_at as "addedAt" from queue_suppressions order by address`;
}

/** Whoever keeps local parts apart by their case (RFC 5321 §2.4) would have few thanks for mail to the other one. */
function suppressedAs(address: string): string {
  return `${address.slice(0, address.lastIndexOf('@') + 1)}${domainOf(address)}`.toLowerCase();
}

async function keptValue(tx: Transaction, { kind, value }: HoldRule): Promise<string | null> {
  if (kind === 'domain') return domainOf(value);
  if (kind === 'sender') return value.toLowerCase();
  const [account] = await tx<{ id: string }[]>`select account_id::text as id from accounts where name = ${value}`;
  return account?.id ?? null;
}

/**
 * Holds recipients of a message that are being queued, where a rule says so.
 *
 * @param after those that came to it after this one; null: all of them
 */
export async function applyHoldRules(tx: Transaction, message: string, after: number | null): Promise<void> {
  await tx`
    with held as (
    update queue_recipients as r set state = 'held', held_by = h.rule_id
      from queue_messages as m, queue_hold_rules as h
     where r.message_id = ${message}::uuid and m.message_id = r.message_id and r.recipient_id > coalesce(${after}::bigint, 0)
       and r.state = 'waiting' and r.lease is null and r.attempts = 0
       and h.value = case h.kind when 'sender' then lower(m.reverse_path) when 'domain' then r.domain else m.account_id::text end
    returning r.recipient_id, h.reason)
    insert into queue_events (recipient_id, type, reply) select recipient_id, 'held', reason from held`;
}

/** What a person did, or a rule of theirs. */
export async function addEvents(
  tx: Transaction,
  type: 'held' | 'released' | 'retried' | 'dropped' | 'routed',
  recipients: readonly { readonly id: number }[],
  reason: string | null,
): Promise<void> {
  if (recipients.length === 0) return;
  const ids = `{${recipients.map(({ id }) => id).join(',')}}`;
  await tx`
    insert into queue_events (recipient_id, type, reply) select id, ${type}, ${reason}::text from unnest(${ids}::bigint[]) as id`;
}

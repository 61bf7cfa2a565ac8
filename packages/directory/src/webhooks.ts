import { randomBytes } from 'node:crypto';
import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import type { Actor } from './actor.ts';
import type { Subject } from './change-record.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { changeLimits, readDirectory } from './transaction.ts';

export const WEBHOOK_EVENTS = ['delivered', 'delayed', 'failed'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

const URL_CHARACTERS = 2_000;
const SECRET_CHARACTERS = { least: 16, most: 200 } as const;
const SECRET_OCTETS = 32;
const WEBHOOKS_AN_ACCOUNT = 5;
const WEBHOOKS_OF_ALL = 20;

/** Where events of sending are brought to: docs/webhooks.md. */
export interface ListedWebhook {
  readonly id: number;
  /** Whose mail it is about; null: everybody's. */
  readonly account: string | null;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** It may have an address that nobody in the world has, and no TLS. */
  readonly allowsPrivate: boolean;
  readonly addedAt: Date;
  /** When it took an event last. */
  readonly takenAt: Date | null;
  /** Why it did not, since then. */
  readonly lastFailure: string | null;
  readonly failedAt: Date | null;
  /** Nothing is brought since then. */
  readonly pausedAt: Date | null;
  /** Events that wait for it. */
  readonly waiting: number;
}

export interface NewWebhook extends Pick<ListedWebhook, 'account' | 'url' | 'events' | 'allowsPrivate'> {
  /** Null: one is made. */
  readonly secret: string | null;
}

/** What is left out stays as it is. */
export interface WebhookChange extends Partial<Omit<NewWebhook, 'account' | 'secret'>> {
  readonly secret?: string;
  readonly isPaused?: boolean;
}

export interface ReadableWebhooks {
  /** @param account null: all */
  list(account: string | null): Promise<readonly ListedWebhook[]>;
  /** What it takes to try it. @throws 'no-such-webhook' */
  read(id: number): Promise<ListedWebhook & { readonly secret: string }>;
}

/** Whoever may look after those of one account alone names it with each. */
export interface Webhooks extends ReadableWebhooks {
  /** @returns its number, and its secret, which is told nowhere else @throws 'no-such-account', 'invalid-webhook', 'too-many-webhooks' */
  add(webhook: NewWebhook): Promise<{ readonly id: number; readonly secret: string }>;
  /** @param account whose it has to be; null: anybody's @throws 'no-such-webhook', 'invalid-webhook' */
  change(id: number, account: string | null, change: WebhookChange): Promise<void>;
  /** Events that wait for it go with it. @throws 'no-such-webhook' */
  remove(id: number, account: string | null): Promise<void>;
}

export function readableWebhooks(sql: Sql): ReadableWebhooks {
  return {
    list: (account) => readDirectory(() => selectWebhooks(sql.read, null, account)),
    async read(id) {
      return await readDirectory(async () => {
        const [webhook] = await selectWebhooks(sql.read, id, null);
        const [row] = await sql.read<
          { secret: string }[]
        >`select secret from webhooks where webhook_id = ${id}::bigint`;
        if (webhook === undefined || row === undefined) throw noSuchWebhook(id);
        return { ...webhook, secret: row.secret };
      });
    },
  };
}

export function openWebhooks(sql: Sql, actor: Actor): Webhooks {
  return {
    ...readableWebhooks(sql),

    async add({ account, url, events, allowsPrivate, secret: given }) {
      const secret = given ?? randomBytes(SECRET_OCTETS).toString('base64url');
      accept({ url, events, secret, allowsPrivate });
      return await changeLimits(sql, actor, async (tx, note) => {
        const accountId = account === null ? null : await findAccount(tx, account);
        await requireFew(tx, accountId);
        // The number is drawn before, so that what is noted was not there.
        const [row] = await tx<{ id: number }[]>`select nextval('webhooks_webhook_id_seq') as id`;
        const id = row?.id ?? 0;
        await note(webhookSubject(id));
        await tx`
          insert into webhooks (webhook_id, account_id, url, secret, events, allows_private) overriding system value
          values (${id}::bigint, ${accountId}::bigint, ${url}, ${secret}, ${textArray(events)}::text[], ${allowsPrivate})`;
        return { id, secret };
      });
    },

    async change(id, account, { url, events, allowsPrivate, secret, isPaused }) {
      await changeLimits(sql, actor, async (tx, note) => {
        const known = await requireWebhook(tx, id, account);
        await note(webhookSubject(id));
        const next = {
          url: url ?? known.url,
          events: events ?? known.events,
          allowsPrivate: allowsPrivate ?? known.allowsPrivate,
        };
        accept({ ...next, secret: secret ?? null });
        await tx`
          update webhooks
             set url = ${next.url}, events = ${textArray(next.events)}::text[], allows_private = ${next.allowsPrivate},
                 secret = coalesce(${secret ?? null}::text, secret)
           where webhook_id = ${id}::bigint`;
        if (isPaused === undefined) return;
        await tx`
          update webhooks
             set paused_at = case when ${isPaused} then coalesce(paused_at, now()) end, last_failure = null, failed_at = null,
                 added_at = case when ${isPaused} then added_at else now() end
           where webhook_id = ${id}::bigint`;
        if (isPaused) await tx`delete from webhook_events where webhook_id = ${id}::bigint`;
      });
    },

    async remove(id, account) {
      await changeLimits(sql, actor, async (tx, note) => {
        await requireWebhook(tx, id, account);
        await note(webhookSubject(id));
        await tx`delete from webhooks where webhook_id = ${id}::bigint`;
      });
    },
  };
}

/** @param id null: all @param account null: of all, and of everybody's mail */
async function selectWebhooks(
  sql: Sql['read'] | Transaction,
  id: number | null,
  account: string | null,
): Promise<readonly ListedWebhook[]> {
  const rows = await sql<(Omit<ListedWebhook, 'events'> & { events: string })[]>`
    select w.webhook_id as id, a.name as account, w.url, array_to_string(w.events, ',') as events, w.allows_private as "allowsPrivate",
           w.added_at as "addedAt", w.taken_at as "takenAt", w.last_failure as "lastFailure", w.failed_at as "failedAt",
           w.paused_at as "pausedAt",
           (select count(*)::integer from webhook_events as e where e.webhook_id = w.webhook_id) as waiting
      from webhooks as w left join accounts as a using (account_id)
     where w.webhook_id = coalesce(${id}::bigint, w.webhook_id) and (${account}::text is null or a.name = ${account}::text)
     order by w.webhook_id`;
  return rows.map(({ events, ...row }) => ({
    ...row,
    events: WEBHOOK_EVENTS.filter((event) => events.split(',').includes(event)),
  }));
}

async function requireWebhook(tx: Transaction, id: number, account: string | null): Promise<ListedWebhook> {
  const [known] = await selectWebhooks(tx, id, account);
  if (known === undefined) throw noSuchWebhook(id);
  await tx`select from webhooks where webhook_id = ${id}::bigint for no key update`;
  return known;
}

async function requireFew(tx: Transaction, account: AccountId | null): Promise<void> {
  const most = account === null ? WEBHOOKS_OF_ALL : WEBHOOKS_AN_ACCOUNT;
  const { length } =
    await tx`select from webhooks where account_id is not distinct from ${account}::bigint limit ${most}`;
  if (length >= most)
    throw new DirectoryError('too-many-webhooks', `There are ${most} webhooks already: remove one first`);
}

/** With what it is, without its secret. */
function webhookSubject(id: number): Subject {
  return {
    kind: 'webhook',
    name: String(id),
    async read(tx) {
      const [webhook] = await selectWebhooks(tx, id, null);
      if (webhook === undefined) return null;
      const [row] = await tx<{ digest: string }[]>`
        select left(encode(sha256(convert_to(secret, 'UTF8')), 'hex'), 8) as digest from webhooks where webhook_id = ${id}::bigint`;
      const { account, url, events, allowsPrivate, pausedAt } = webhook;
      return { account, url, events, allowsPrivate, isPaused: pausedAt !== null, secret: row?.digest ?? null };
    },
  };
}

/** @throws {DirectoryError} 'invalid-webhook' */
function accept({
  url: text,
  events,
  allowsPrivate,
  secret,
}: Pick<NewWebhook, 'url' | 'events' | 'allowsPrivate' | 'secret'>): void {
  const refuse = (reason: string) => new DirectoryError('invalid-webhook', reason);
  const url = text.length <= URL_CHARACTERS ? URL.parse(text) : null;
  if (url === null)
    throw refuse(`${JSON.stringify(text.slice(0, 100))} is no URL of at most ${URL_CHARACTERS} characters`);
  if (url.protocol !== 'https:' && !(allowsPrivate && url.protocol === 'http:')) {
    throw refuse('The URL of a webhook begins with https://; http:// only where an operator allows private hosts');
  }
  if (url.username !== '' || url.password !== '') throw refuse('The URL of a webhook has no name and password in it');
  if (events.length === 0) throw refuse(`A webhook wants some of ${WEBHOOK_EVENTS.join(', ')}`);
  const { least, most } = SECRET_CHARACTERS;
  // What a header or a shell would change is left out; whoever checks signatures has the same octets.
  if (secret !== null && !(secret.length >= least && secret.length <= most && /^[\x21-\x7e]*$/.test(secret))) {
    throw refuse(`A secret has ${least} to ${most} characters of ASCII, without spaces`);
  }
}

function noSuchWebhook(id: number): DirectoryError {
  return new DirectoryError('no-such-webhook', `There is no webhook ${id}`);
}

import { randomBytes } from 'node:crypto';
import { type AccountId, type Sql, type Transaction, textArray } from '@postel/storage';
import type { Actor } from './actor.ts';
import type { Subject } from './change-record.ts';
import { DirectoryError } from './errors.ts';
import { findAccount } from './find-account.ts';
import { changeLimits, changeMail, readDirectory } from './transaction.ts';
import {
  eventsIn,
  nameWebhooks,
  selectWebhookStates,
  WEBHOOK_EVENTS,
  type WebhookEvent,
  type WebhookState,
  webhookSubject,
} from './webhook-state.ts';

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

/** Seals the secret of the webhook of a number. Is called in a transaction, and so must not wait for anything. */
export type SealWebhook = (secret: string, id: number) => Buffer;

/** By which a webhook's events are signed: sealed (packages/routes), or in the clear, as it was stored before it could be sealed. */
export interface StoredWebhookSecret {
  readonly id: number;
  /** As `nameWebhooks` has it. */
  readonly name: string;
  readonly clear: string | null;
  readonly sealed: Buffer | null;
}

export interface ReadableWebhooks {
  /** @param account null: all */
  list(account: string | null): Promise<readonly ListedWebhook[]>;
  /** @throws 'no-such-webhook' */
  read(id: number): Promise<ListedWebhook>;
  /** Of all. */
  storedSecrets(): Promise<readonly StoredWebhookSecret[]>;
}

/** Whoever may look after those of one account alone names it with each. */
export interface Webhooks extends ReadableWebhooks {
  /** @returns its number, and its secret, which is told nowhere else @throws 'no-such-account', 'invalid-webhook', 'too-many-webhooks' */
  add(webhook: NewWebhook, seal: SealWebhook): Promise<{ readonly id: number; readonly secret: string }>;
  /**
   * @param account whose it has to be; null: anybody's
   * @param seal null: for a change without a secret
   * @throws 'no-such-webhook', 'invalid-webhook'
   */
  change(id: number, account: string | null, change: WebhookChange, seal: SealWebhook | null): Promise<void>;
  /** Seals what stands in the clear. @returns how many */
  sealClear(seal: SealWebhook): Promise<number>;
  /** Events that wait for it go with it. @throws 'no-such-webhook' */
  remove(id: number, account: string | null): Promise<void>;
}

export function readableWebhooks(sql: Sql): ReadableWebhooks {
  return {
    list: (account) => readDirectory(() => selectWebhooks(sql.read, null, account)),
    async read(id) {
      const [webhook] = await readDirectory(() => selectWebhooks(sql.read, id, null));
      if (webhook === undefined) throw noSuchWebhook(id);
      return webhook;
    },
    async storedSecrets() {
      const rows = await readDirectory(
        () => sql.read<(Omit<StoredWebhookSecret, 'name'> & Pick<WebhookState, 'account' | 'url'>)[]>`
          select webhook_id as id, a.name as account, url, secret as clear, sealed_secret as sealed
            from webhooks left join accounts as a using (account_id) order by webhook_id`,
      );
      return nameWebhooks(rows).map(([name, { id, clear, sealed }]) => ({ id, name, clear, sealed }));
    },
  };
}

export function openWebhooks(sql: Sql, actor: Actor): Webhooks {
  return {
    ...readableWebhooks(sql),

    async add({ account, url, events, allowsPrivate, secret: given }, seal) {
      const secret = given === null ? makeWebhookSecret() : acceptWebhookSecret(given);
      acceptWebhook({ url, events, allowsPrivate });
      return await changeLimits(sql, actor, async (tx, note) => {
        const accountId = account === null ? null : await findAccount(tx, account);
        await requireFew(tx, accountId);
        const id = await drawNumber(tx);
        await note(webhookSubject(id));
        await tx`
          insert into webhooks (webhook_id, account_id, url, sealed_secret, events, allows_private) overriding system value
          values (${id}::bigint, ${accountId}::bigint, ${url}, ${seal(secret, id)}, ${textArray(events)}::text[], ${allowsPrivate})`;
        return { id, secret };
      });
    },

    async change(id, account, { url, events, allowsPrivate, secret, isPaused }, seal) {
      if (secret !== undefined) acceptWebhookSecret(secret);
      await changeLimits(sql, actor, async (tx, note) => {
        const known = await requireWebhook(tx, id, account);
        await note(webhookSubject(id));
        const next = {
          url: url ?? known.url,
          events: events ?? known.events,
          allowsPrivate: allowsPrivate ?? known.allowsPrivate,
        };
        acceptWebhook(next);
        await tx`
          update webhooks
             set url = ${next.url}, events = ${textArray(next.events)}::text[], allows_private = ${next.allowsPrivate}
           where webhook_id = ${id}::bigint`;
        if (secret !== undefined) {
          if (seal === null) throw new Error('The secret of a webhook is to be changed, and nothing seals it');
          await storeSecret(tx, id, seal(secret, id));
        }
        if (isPaused !== undefined) await setPaused(tx, id, isPaused);
      });
    },

    async sealClear(seal) {
      return await changeMail(sql, async (tx) => {
        const clear = await tx<{ id: number; secret: string }[]>`
          select webhook_id as id, secret from webhooks where secret is not null order by webhook_id for no key update`;
        for (const { id, secret } of clear) await storeSecret(tx, id, seal(secret, id));
        return clear.length;
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
    events: eventsIn(events),
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

/** Drawn before it is there, so that what is noted was not there, and its secret can be sealed for it. */
async function drawNumber(tx: Transaction): Promise<number> {
  const [row] = await tx<{ id: number }[]>`select nextval('webhooks_webhook_id_seq') as id`;
  return row?.id ?? 0;
}

async function storeSecret(tx: Transaction, id: number, sealed: Buffer): Promise<void> {
  await tx`update webhooks set secret = null, sealed_secret = ${sealed} where webhook_id = ${id}::bigint`;
}

/** What waits for one that is paused goes; one that goes on has taken nothing yet. */
async function setPaused(tx: Transaction, id: number, isPaused: boolean): Promise<void> {
  await tx`
    update webhooks
       set paused_at = case when ${isPaused} then coalesce(paused_at, now()) end, last_failure = null, failed_at = null,
           added_at = case when ${isPaused} then added_at else now() end
     where webhook_id = ${id}::bigint`;
  if (isPaused) await tx`delete from webhook_events where webhook_id = ${id}::bigint`;
}

/** What a file says of webhooks, and what of it is not so: by their names. */
export interface WebhookChanges {
  readonly put: readonly (readonly [name: string, webhook: DeclaredWebhook])[];
  readonly gone: readonly string[];
}

/** Makes them so. @throws {DirectoryError} 'invalid-webhook', 'no-such-account', 'too-many-webhooks' */
export async function applyWebhooks(
  tx: Transaction,
  note: (subject: Subject) => Promise<void>,
  { put, gone }: WebhookChanges,
): Promise<void> {
  const known = new Map((await selectWebhookStates(tx)).map((webhook) => [webhook.name, webhook]));
  for (const name of gone) {
    const id = known.get(name)?.id;
    if (id === undefined) continue;
    await note(webhookSubject(id));
    await tx`delete from webhooks where webhook_id = ${id}::bigint`;
  }
  for (const [name, { account, url, events, allowsPrivate, isPaused, seal }] of put) {
    const there = known.get(name);
    const id = there?.id ?? (await drawNumber(tx));
    await note(webhookSubject(id));
    if (there === undefined) {
      if (seal === null) throw new DirectoryError('invalid-webhook', `The webhook ${name} has no secret`);
      const accountId = account === null ? null : await findAccount(tx, account);
      await requireFew(tx, accountId);
      await tx`
        insert into webhooks (webhook_id, account_id, url, sealed_secret, events, allows_private) overriding system value
        values (${id}::bigint, ${accountId}::bigint, ${url}, ${seal(id)}, ${textArray(events)}::text[], ${allowsPrivate})`;
    } else {
      await tx`
        update webhooks set events = ${textArray(events)}::text[], allows_private = ${allowsPrivate}
         where webhook_id = ${id}::bigint`;
      if (seal !== null) await storeSecret(tx, id, seal(id));
    }
    if (isPaused !== (there?.state.isPaused ?? false)) await setPaused(tx, id, isPaused);
  }
}

/** A webhook as it is to be. */
export interface DeclaredWebhook extends WebhookState {
  /** Seals the secret that it is to have; null: it has the one that there is. A new one needs it. */
  readonly seal: ((id: number) => Buffer) | null;
}

export const makeWebhookSecret = (): string => randomBytes(SECRET_OCTETS).toString('base64url');

/** @throws {DirectoryError} 'invalid-webhook' */
export function acceptWebhookSecret(secret: string): string {
  const { least, most } = SECRET_CHARACTERS;
  // What a header or a shell would change is left out; whoever checks signatures has the same octets.
  if (secret.length >= least && secret.length <= most && /^[\x21-\x7e]*$/.test(secret)) return secret;
  throw new DirectoryError('invalid-webhook', `A secret has ${least} to ${most} characters of ASCII, without spaces`);
}

/** @throws {DirectoryError} 'invalid-webhook' */
export function acceptWebhook({
  url: text,
  events,
  allowsPrivate,
}: Pick<NewWebhook, 'url' | 'events' | 'allowsPrivate'>): void {
  const refuse = (reason: string) => new DirectoryError('invalid-webhook', reason);
  const url = text.length <= URL_CHARACTERS ? URL.parse(text) : null;
  if (url === null)
    throw refuse(`${JSON.stringify(text.slice(0, 100))} is no URL of at most ${URL_CHARACTERS} characters`);
  if (url.protocol !== 'https:' && !(allowsPrivate && url.protocol === 'http:')) {
    throw refuse('The URL of a webhook begins with https://; http:// only where an operator allows private hosts');
  }
  if (url.username !== '' || url.password !== '') throw refuse('The URL of a webhook has no name and password in it');
  if (events.length === 0) throw refuse(`A webhook wants some of ${WEBHOOK_EVENTS.join(', ')}`);
}

function noSuchWebhook(id: number): DirectoryError {
  return new DirectoryError('no-such-webhook', `There is no webhook ${id}`);
}

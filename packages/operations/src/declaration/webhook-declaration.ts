import type { SettingReader } from '@postel/config';
import { nameWebhooks, WEBHOOK_EVENTS, type WebhookEvent, type WebhookState } from '@postel/directory';

/** A webhook as a file declares it, with its secret in the clear if it has one. */
interface WebhookInFile extends WebhookState {
  readonly secret: string | null;
}

/** Those that a file declares, by the names that tell them apart. */
export function declaredWebhooks(webhooks: SettingReader): ReadonlyMap<string, WebhookInFile> {
  if (webhooks.is(null)) return new Map();
  return new Map(nameWebhooks(webhooks.list(declaredWebhook)));
}

function declaredWebhook(webhook: SettingReader): WebhookInFile {
  const flag = (name: string) => webhook.has(name) && webhook.at(name).boolean();
  return {
    url: webhook.at('url').text(),
    account: webhook.has('account') ? webhook.at('account').text() : null,
    events: webhook.has('events') ? eventsOf(webhook.at('events')) : WEBHOOK_EVENTS,
    allowsPrivate: flag('private'),
    isPaused: flag('paused'),
    secret: webhook.has('secret') ? webhook.at('secret').text() : null,
  };
}

function eventsOf(events: SettingReader): readonly WebhookEvent[] {
  const named = events.list((event) => event.oneOf(...WEBHOOK_EVENTS));
  return WEBHOOK_EVENTS.filter((event) => named.includes(event));
}

/** @param secret null: it is not to be in it */
export function declareWebhook({ account, url, events, allowsPrivate, isPaused }: WebhookState, secret: string | null) {
  return {
    url,
    ...(account === null ? {} : { account }),
    ...(events.length === WEBHOOK_EVENTS.length ? {} : { events: [...events] }),
    ...(allowsPrivate ? { private: true } : {}),
    ...(isPaused ? { paused: true } : {}),
    ...(secret === null ? {} : { secret }),
  };
}

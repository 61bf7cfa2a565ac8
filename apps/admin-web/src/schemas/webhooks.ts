import { type Static, Type } from 'typebox';

const URL_CHARACTERS = 2_000;
const SECRET_CHARACTERS = 200;

const Events = Type.Array(Type.Union([Type.Literal('delivered'), Type.Literal('delayed'), Type.Literal('failed')]), {
  maxItems: 3,
});
const Url = Type.String({ maxLength: URL_CHARACTERS });
const Secret = Type.String({ maxLength: SECRET_CHARACTERS });
const MomentOrNull = Type.Union([Type.String(), Type.Null()]);
const strict = { additionalProperties: false };

export const Webhook = Type.Object({
  id: Type.Integer(),
  /** Whose mail it is about; null: everybody's. */
  account: Type.Union([Type.String(), Type.Null()]),
  url: Type.String(),
  events: Events,
  allowsPrivate: Type.Boolean(),
  addedAt: Type.String(),
  takenAt: MomentOrNull,
  lastFailure: Type.Union([Type.String(), Type.Null()]),
  failedAt: MomentOrNull,
  pausedAt: MomentOrNull,
  waiting: Type.Integer(),
});
export type Webhook = Static<typeof Webhook>;

const own = { url: Url, events: Type.Optional(Events), secret: Type.Optional(Secret) };
export const NewOwnWebhook = Type.Object(own, strict);
export const NewWebhook = Type.Object(
  {
    ...own,
    account: Type.Optional(Type.Union([Type.String({ maxLength: 320 }), Type.Null()])),
    allowsPrivate: Type.Optional(Type.Boolean()),
  },
  strict,
);
/** The secret is told this once. */
export const MadeWebhook = Type.Object({ id: Type.Integer(), secret: Type.String() });

const change = {
  url: Type.Optional(Url),
  events: Type.Optional(Events),
  secret: Type.Optional(Secret),
  isPaused: Type.Optional(Type.Boolean()),
};
export const ChangedOwnWebhook = Type.Object(change, strict);
export const ChangedWebhook = Type.Object({ ...change, allowsPrivate: Type.Optional(Type.Boolean()) }, strict);

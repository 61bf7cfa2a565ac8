import { Type } from 'typebox';
import { QueueEntry } from './admin.ts';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const strict = { additionalProperties: false } as const;
const Reason = Type.Optional(Type.String({ maxLength: 200 }));
/** Postgres has no NUL in texts, and a path has no line in it. */
const Value = Type.String({ minLength: 1, maxLength: 400, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

export const QueueDetails = Type.Object({
  ...QueueEntry.properties,
  lastStatus: NullableString,
  lastRoute: NullableString,
  pinnedRoute: Type.Union([Type.String(), Type.Null()], { description: 'by which it goes whatever rules say' }),
  alias: NullableString,
  notify: Type.Union([Type.Array(Type.String()), Type.Null()]),
  originalRecipient: NullableString,
  envelopeId: NullableString,
  requiresTls: Type.Boolean(),
  isBulk: Type.Boolean(),
  releasedAt: Type.String(),
  finishedAt: NullableString,
  events: Type.Array(
    Type.Object({
      at: Type.String(),
      type: Type.String(),
      status: NullableString,
      reply: NullableString,
      mta: NullableString,
      route: NullableString,
      nextAttemptAt: NullableString,
    }),
  ),
});

export const RouteQueue = Type.Object(
  {
    ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), { minItems: 1, maxItems: 1_000 }),
    route: Type.Union([Value, Type.Null()], { description: 'a route, or direct; null: what the rules say' }),
  },
  strict,
);

export const FailQueue = Type.Object(
  {
    ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), { minItems: 1, maxItems: 1_000 }),
    reason: Reason,
  },
  strict,
);

const HoldRuleKind = Type.Union([Type.Literal('sender'), Type.Literal('domain'), Type.Literal('account')]);
export const HoldRules = Type.Array(
  Type.Object({
    kind: HoldRuleKind,
    value: Type.String(),
    reason: Type.String(),
    addedAt: Type.String(),
    held: Type.Integer(),
  }),
);
export const NewHoldRule = Type.Object({ kind: HoldRuleKind, value: Value, reason: Reason }, strict);

export const Suppressions = Type.Array(
  Type.Object({ address: Type.String(), reason: Type.String(), addedAt: Type.String() }),
);
export const NewSuppression = Type.Object(
  {
    address: Type.String({
      maxLength: 400,
      pattern: '^[^@\\u0000-\\u001f\\u007f]+@[^@\\u0000-\\u001f\\u007f]+$',
    }),
    reason: Reason,
  },
  strict,
);

export const TlsHosts = Type.Array(
  Type.Object({
    host: Type.String(),
    seenAt: Type.String(),
    missingSince: NullableString,
    missingReason: NullableString,
  }),
);

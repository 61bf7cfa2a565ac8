import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);

const entry = {
  id: Type.Integer(),
  message: Type.String({ description: 'as the reply and /api/v1/account/mail call it' }),
  to: Type.String({ description: 'as it was sent; of members of an alias the alias' }),
  state: Type.Union([
    Type.Literal('sending'),
    Type.Literal('waiting'),
    Type.Literal('held'),
    Type.Literal('delivered'),
    Type.Literal('failed'),
    Type.Literal('dropped'),
  ]),
  sizeOctets: Type.Number(),
  queuedAt: Type.String(),
  nextAttemptAt: NullableString,
  finishedAt: NullableString,
  attempts: Type.Integer(),
  lastReply: NullableString,
  lastMta: NullableString,
};

export const SentEntry = Type.Object(entry);
export type SentEntry = Static<typeof SentEntry>;
export const SentEntries = Type.Array(SentEntry);

export const SentDetails = Type.Object({
  ...entry,
  events: Type.Array(
    Type.Object({
      at: Type.String(),
      type: Type.Union([
        Type.Literal('deferred'),
        Type.Literal('delivered'),
        Type.Literal('failed'),
        Type.Literal('held'),
        Type.Literal('released'),
        Type.Literal('retried'),
        Type.Literal('routed'),
        Type.Literal('dropped'),
      ]),
      reply: NullableString,
      mta: NullableString,
      nextAttemptAt: NullableString,
    }),
    { description: 'the oldest first' },
  ),
});
export type SentDetails = Static<typeof SentDetails>;

import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const SOUGHT_CHARACTERS = 700;

const Outcome = Type.Union([
  Type.Literal('delivered'),
  Type.Literal('junk'),
  Type.Literal('waiting'),
  Type.Literal('queued'),
  Type.Literal('refused'),
  Type.Literal('failed'),
]);

const page = {
  q: Type.Optional(
    Type.String({
      maxLength: SOUGHT_CHARACTERS,
      description:
        'addresses, a Message-ID, an id of a reply or of the log; for administrators an IP address. All have to be true',
    }),
  ),
  outcome: Type.Optional(Outcome),
  since: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601' })),
  after: Type.Optional(Type.String({ maxLength: 60, description: '`next` of the page before' })),
};
export const MailQuery = Type.Object(page, { additionalProperties: false });
export const OwnMailQuery = Type.Object(
  { ...page, direction: Type.Union([Type.Literal('in'), Type.Literal('out')]) },
  { additionalProperties: false },
);

const MailEntry = Type.Object({
  transactionId: Type.String(),
  recipientNo: Type.Integer(),
  at: Type.String(),
  count: Type.Integer({ description: 'more than 1: so many that are not told apart' }),
  message: NullableString,
  reversePath: NullableString,
  recipient: NullableString,
  destination: Type.Union([Type.String(), Type.Null()], { description: 'a member elsewhere of an alias' }),
  account: NullableString,
  sender: Type.Union([Type.String(), Type.Null()], { description: 'the account that submitted it' }),
  client: NullableString,
  sizeOctets: NullableNumber,
  outcome: Type.String(),
  state: Type.String({ description: 'for people' }),
  reply: Type.String(),
});
export type MailEntry = Static<typeof MailEntry>;

export const MailEntries = Type.Object({ rows: Type.Array(MailEntry), next: NullableString });
export type MailEntries = Static<typeof MailEntries>;

export const MailTrace = Type.Object({
  transactionId: Type.String(),
  beganAt: Type.String(),
  message: NullableString,
  messageId: NullableString,
  reversePath: NullableString,
  sender: NullableString,
  sizeOctets: NullableNumber,
  client: NullableString,
  recipients: Type.Array(
    Type.Object({
      recipientNo: Type.Integer(),
      recipient: NullableString,
      destination: NullableString,
      account: NullableString,
      outcome: Type.String(),
      state: Type.String(),
      reply: Type.String(),
    }),
  ),
  hasMore: Type.Boolean({ description: 'there are more recipients' }),
  events: Type.Array(
    Type.Object({ at: Type.String(), type: Type.String(), text: Type.String(), details: Type.Array(Type.String()) }),
    { description: 'in the order of time' },
  ),
});
export type MailTrace = Static<typeof MailTrace>;

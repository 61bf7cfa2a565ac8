import { type Static, Type } from 'typebox';

const NullableNumber = Type.Union([Type.Number(), Type.Null()], { description: 'null: no limit' });

export const Settings = Type.Object({
  octets: NullableNumber,
  messages: NullableNumber,
  mailboxes: NullableNumber,
  messagesADay: NullableNumber,
  newRecipientsADay: NullableNumber,
  messageOctets: NullableNumber,
});
export type Settings = Static<typeof Settings>;

const Limit = Type.Optional(
  Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()], {
    description: 'null: no limit',
  }),
);
export const ChangedSettings = Type.Object(
  {
    octets: Limit,
    messages: Limit,
    mailboxes: Limit,
    messagesADay: Limit,
    newRecipientsADay: Limit,
    messageOctets: Limit,
  },
  { additionalProperties: false },
);

export const SettingsEffect = Type.Object({
  accounts: Type.Integer({ description: 'that there are' }),
  changed: Type.Integer({ description: 'accounts for which a limit becomes another one' }),
  overQuota: Type.Integer({ description: 'of these, accounts that hold more than they then may' }),
});
export type SettingsEffect = Static<typeof SettingsEffect>;

export const LoginLimit = Type.Object({
  prefix: Type.String({ description: 'how large a network is that is counted' }),
  failures: Type.Integer({ description: 'after which nobody new gets in from there' }),
  minutes: Type.Number({ description: 'after which one failure is forgotten' }),
});
export type LoginLimit = Static<typeof LoginLimit>;

const strict = { additionalProperties: false } as const;

export const NewAdminPassword = Type.Object(
  {
    password: Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()], {
      description: 'null: there is none from now on',
    }),
  },
  strict,
);

export const Shares = Type.Array(
  Type.Object({
    who: Type.String({ description: 'an account, or `anyone`; `-` before it: what they shall not have' }),
    rights: Type.String({ description: 'letters of RFC 4314' }),
  }),
);
export const ChangedShare = Type.Object(
  {
    mailbox: Type.String({ maxLength: 1_000, pattern: '^[^\\u0000]+$' }),
    who: Type.String({ minLength: 1, maxLength: 400 }),
    rights: Type.String({ pattern: '^[lrswipkxtea]{0,11}$', description: 'those and no others; none: empty' }),
  },
  strict,
);

const Text = Type.String({ maxLength: 8_000_000, description: 'YAML, as `postel config dump` writes it' });
export const Declaration = Type.Object({ text: Text });
export const Declared = Type.Object({ text: Text }, strict);
export const Differences = Type.Array(
  Type.Object({
    kind: Type.String(),
    name: Type.String(),
    before: Type.Union([Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true })), Type.Null()]),
    after: Type.Union([Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true })), Type.Null()]),
  }),
);

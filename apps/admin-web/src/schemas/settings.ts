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

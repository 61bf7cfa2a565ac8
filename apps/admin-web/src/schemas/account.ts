import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);

export const Account = Type.Object({
  name: Type.String(),
  addresses: Type.Array(Type.String()),
  aliases: Type.Array(Type.Object({ address: Type.String(), isList: Type.Boolean(), maySendAs: Type.Boolean() }), {
    description: 'that bring mail to this account',
  }),
  usedOctets: Type.Number(),
  usedMessages: Type.Number(),
  limitOctets: NullableNumber,
  limitMessages: NullableNumber,
  retentionDays: Type.Number({ description: 'for which removed messages can be brought back' }),
});
export type Account = Static<typeof Account>;

export const MailboxUse = Type.Array(
  Type.Object({
    name: Type.String(),
    messages: Type.Number(),
    unseen: Type.Number(),
    octets: Type.Number(),
  }),
);
export type MailboxUse = Static<typeof MailboxUse>;

const MailServer = Type.Object({ host: Type.String(), port: Type.Integer(), security: Type.String() });
export const Setup = Type.Object({
  userName: Type.String(),
  address: NullableString,
  incoming: Type.Array(MailServer, { description: 'IMAP, the best first' }),
  outgoing: Type.Array(MailServer, { description: 'submission, the best first' }),
});
export type Setup = Static<typeof Setup>;

export const Login = Type.Object({
  firstAt: Type.String(),
  lastAt: Type.String(),
  count: Type.Integer(),
  account: NullableString,
  loginName: NullableString,
  from: NullableString,
  service: Type.String(),
  mechanism: NullableString,
  tlsVersion: NullableString,
  credential: NullableString,
  credentialName: NullableString,
  program: NullableString,
  outcome: Type.String(),
});
export type Login = Static<typeof Login>;
export const Logins = Type.Array(Login);

export const AppPassword = Type.Object({
  name: Type.String(),
  service: NullableString,
  createdAt: Type.String(),
  expiresAt: NullableString,
  lastUsedAt: NullableString,
  lastUsedFrom: NullableString,
});
export type AppPassword = Static<typeof AppPassword>;

export const NewAppPassword = Type.Object(
  {
    name: Type.String({ maxLength: 200 }),
    service: Type.Optional(Type.Union([Type.Literal('imap'), Type.Literal('smtp'), Type.Null()])),
    expiresAt: Type.Optional(Type.Union([Type.String({ format: 'date-time' }), Type.Null()])),
  },
  { additionalProperties: false },
);
export const MadePassword = Type.Object({ password: Type.String({ description: 'shown this once' }) });

export const Device = Type.Object({
  fingerprint: Type.String({ description: 'SHA-256 of the public key, in base64url' }),
  name: Type.String(),
  account: Type.String(),
  keyType: Type.String(),
  loginAddress: NullableString,
  isPreauth: Type.Boolean({ description: 'IMAP greets it as logged in' }),
  createdAt: Type.String(),
  lastUsedAt: NullableString,
  lastUsedFrom: NullableString,
});
export type Device = Static<typeof Device>;

export const NewDevice = Type.Object(
  {
    name: Type.String({ maxLength: 200 }),
    key: Type.String({ maxLength: 40_000, description: 'its certificate, or public key, in PEM' }),
    loginAddress: Type.Optional(Type.Union([Type.String({ maxLength: 400 }), Type.Null()])),
    isPreauth: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export const ChangedDevice = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 200 })),
    loginAddress: Type.Optional(Type.Union([Type.String({ maxLength: 400 }), Type.Null()])),
    isPreauth: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const NewPassword = Type.Object(
  { current: Type.String({ maxLength: 1_000 }), password: Type.String({ maxLength: 1_000 }) },
  { additionalProperties: false },
);

export const Removed = Type.Array(
  Type.Object({
    mailbox: Type.String(),
    isDeleted: Type.Boolean({ description: 'the mailbox itself is' }),
    messages: Type.Number(),
    octets: Type.Number(),
    firstRemoved: Type.String(),
    lastRemoved: Type.String(),
  }),
);
export type Removed = Static<typeof Removed>;

export const RemovedMessages = Type.Array(
  Type.Object({
    removedAt: Type.String(),
    mailbox: Type.String(),
    date: Type.String(),
    from: Type.String(),
    subject: Type.String(),
    sizeOctets: Type.Number(),
  }),
);
export type RemovedMessages = Static<typeof RemovedMessages>;

export const Restore = Type.Object(
  {
    mailbox: Type.Union([Type.String({ maxLength: 1_000, pattern: '^[^\\u0000]*$' }), Type.Null()], {
      description: 'null: all',
    }),
    since: Type.Optional(Type.Union([Type.String({ format: 'date-time' }), Type.Null()])),
  },
  { additionalProperties: false },
);
export const Restored = Type.Object({ messages: Type.Number() });

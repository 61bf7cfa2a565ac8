import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);

export const SecondFactor = Type.Object({
  isOn: Type.Boolean(),
  recoveryCodes: Type.Integer({ description: 'that are left' }),
});
export type SecondFactor = Static<typeof SecondFactor>;

export const TotpKey = Type.Object({
  secret: Type.String({ description: 'in base32' }),
  uri: Type.String({ description: 'otpauth:, for authenticator programs' }),
});
export type TotpKey = Static<typeof TotpKey>;

export const RecoveryCodes = Type.Object({
  recoveryCodes: Type.Array(Type.String(), { description: 'shown this once' }),
});
export type RecoveryCodes = Static<typeof RecoveryCodes>;

export const Passkeys = Type.Array(
  Type.Object({ id: Type.String(), name: Type.String(), createdAt: Type.String(), lastUsedAt: NullableString }),
);
export type Passkeys = Static<typeof Passkeys>;

const Scope = Type.Union([
  Type.Literal('account:read'),
  Type.Literal('account:write'),
  Type.Literal('admin:read'),
  Type.Literal('admin:write'),
]);

export const Tokens = Type.Array(
  Type.Object({
    id: Type.String(),
    name: Type.String(),
    scopes: Type.Array(Scope),
    createdAt: Type.String(),
    expiresAt: NullableString,
    lastUsedAt: NullableString,
    lastUsedFrom: NullableString,
  }),
);
export type Tokens = Static<typeof Tokens>;

export const NewToken = Type.Object(
  {
    name: Type.String({ maxLength: 200 }),
    scopes: Type.Array(Scope, { minItems: 1, maxItems: 4, uniqueItems: true }),
    expiresAt: Type.Optional(Type.Union([Type.String({ format: 'date-time' }), Type.Null()])),
  },
  { additionalProperties: false },
);
export const MadeToken = Type.Object({ token: Type.String({ description: 'shown this once' }) });

export const OpenSessions = Type.Array(
  Type.Object({
    id: Type.String(),
    isThis: Type.Boolean(),
    createdAt: Type.String(),
    usedAt: Type.String(),
    from: NullableString,
    program: NullableString,
  }),
);
export type OpenSessions = Static<typeof OpenSessions>;

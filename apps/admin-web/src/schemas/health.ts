import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);

export const Certificate = Type.Object({
  names: Type.Array(Type.String()),
  issuer: Type.Union([Type.String(), Type.Null()], { description: 'null: it is self-signed' }),
  validFrom: Type.String(),
  validUntil: Type.String(),
  file: Type.String({ description: 'on the server' }),
});
export type Certificate = Static<typeof Certificate>;

export const CheckedDomain = Type.Object({
  domain: Type.String(),
  checkedAt: Type.Union([Type.String(), Type.Null()], { description: 'null: not yet' }),
  troubles: Type.Array(Type.String(), { description: 'records that are missing or other, by name and type' }),
  unknown: Type.Integer({ description: 'records of which the DNS did not say anything' }),
});
export type CheckedDomain = Static<typeof CheckedDomain>;

export const TlsAlarm = Type.Object({
  host: Type.String(),
  seenAt: Type.String({ description: 'with TLS, the last time' }),
  missingSince: NullableString,
  reason: NullableString,
});
export type TlsAlarm = Static<typeof TlsAlarm>;

export const ForgetHosts = Type.Object(
  { hosts: Type.Array(Type.String({ maxLength: 255, pattern: '^[!-~]+$' }), { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
);
export const ForgottenHosts = Type.Object({ hosts: Type.Array(Type.String()) });

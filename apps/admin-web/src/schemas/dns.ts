import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);

const Check = Type.Object({
  state: Type.String({ description: 'right, missing, different, unsigned or unknown' }),
  found: Type.Array(Type.String()),
  note: NullableString,
  isTrouble: Type.Boolean(),
});

export const DnsRecords = Type.Object({
  domain: Type.String(),
  hostname: Type.String(),
  isSigned: Type.Boolean({ description: 'there are DKIM keys' }),
  knowsAddresses: Type.Boolean({ description: 'by which the world reaches the server' }),
  records: Type.Array(
    Type.Object({
      kind: Type.String(),
      level: Type.String({ description: 'needed, advised or optional' }),
      zone: Type.String({ description: 'domain, host or address' }),
      name: Type.String(),
      type: Type.String(),
      value: Type.String(),
      why: Type.String(),
      condition: NullableString,
      check: Type.Union([Check, Type.Null()], { description: 'null: the DNS was not asked' }),
    }),
  ),
});
export type DnsRecords = Static<typeof DnsRecords>;

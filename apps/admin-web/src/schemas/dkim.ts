import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const Algorithm = Type.Union([Type.Literal('ed25519'), Type.Literal('rsa')]);

export const DkimKey = Type.Object({
  selector: Type.String(),
  algorithm: Algorithm,
  state: Type.Union([Type.Literal('made'), Type.Literal('active'), Type.Literal('retired')], {
    description: 'made: it signs once the DNS has it; active: it signs; retired: another one signs',
  }),
  record: Type.Object({ name: Type.String(), type: Type.Literal('TXT'), value: Type.String() }),
  createdAt: Type.String(),
  seenAt: Type.Union([Type.String(), Type.Null()], { description: 'when the DNS was first seen to have it' }),
  activeSince: NullableString,
  retiredAt: NullableString,
  publishedUntil: Type.Union([Type.String(), Type.Null()], { description: 'so long the DNS is to have a retired one' }),
});
export type DkimKey = Static<typeof DkimKey>;
export const DkimKeyList = Type.Array(DkimKey);

export const NewDkimKeys = Type.Object(
  {
    type: Type.Optional(Type.Union([Algorithm], { description: 'left out: each that the domain has none of' })),
  },
  { additionalProperties: false },
);
export const RotateDkimKeys = Type.Object(
  { isNow: Type.Optional(Type.Boolean({ description: 'the new keys sign at once, published or not' })) },
  { additionalProperties: false },
);
export const RotatedDkimKeys = Type.Object({
  made: Type.Array(Type.String(), { description: 'selectors of keys that were made, or sign from now on' }),
  looks: Type.Array(
    Type.Object({
      selector: Type.String(),
      dns: Type.String({ description: 'published, missing, different or unknown' }),
      isActive: Type.Boolean({ description: 'it signs by now' }),
    }),
    { description: 'keys that waited, and what the DNS says of them' },
  ),
});
export type RotatedDkimKeys = Static<typeof RotatedDkimKeys>;

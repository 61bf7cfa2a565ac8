import { type Static, Type } from 'typebox';

const PASSWORD_CHARACTERS = 1_000;

export const SignIn = Type.Object(
  {
    as: Type.Union([Type.Literal('account'), Type.Literal('admin')], {
      description: 'admin: by the admin password, without an account',
    }),
    login: Type.Optional(Type.String({ maxLength: 400, description: 'name or address of the account' })),
    password: Type.String({ maxLength: PASSWORD_CHARACTERS }),
  },
  { additionalProperties: false },
);

export const Proof = Type.Object(
  {
    password: Type.String({ maxLength: PASSWORD_CHARACTERS }),
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'one-time, or a recovery code' })),
  },
  { additionalProperties: false },
);

export const Session = Type.Object({
  account: Type.Union([Type.String(), Type.Null()], { description: 'null: signed in by the admin password' }),
  mayAdminister: Type.Boolean({ description: 'the server' }),
  domains: Type.Array(Type.String(), { description: 'that it administers, where not the server' }),
});
export type Session = Static<typeof Session>;

export const SignedIn = Type.Object({
  next: Type.Union([Type.Literal('none'), Type.Literal('code')], {
    description: 'code: a one-time code is to follow, at /api/v1/session/code',
  }),
  session: Type.Union([Session, Type.Null()]),
});
export type SignedIn = Static<typeof SignedIn>;

export const Code = Type.Object(
  { code: Type.String({ minLength: 1, maxLength: 40, description: 'a one-time code, or a recovery code' }) },
  { additionalProperties: false },
);

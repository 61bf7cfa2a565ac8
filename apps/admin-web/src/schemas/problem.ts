import { type Static, Type } from 'typebox';

/** What is not what was asked for: RFC 9457, with a word for programs. */
export const Problem = Type.Object(
  { status: Type.Integer(), kind: Type.String(), detail: Type.String() },
  { title: 'Problem' },
);
export type Problem = Static<typeof Problem>;

import { type Static, Type } from 'typebox';

const hours = (description: string) => Type.Array(Type.Integer(), { description });

export const ActivityQuery = Type.Object(
  { period: Type.Optional(Type.Union([Type.Literal('day'), Type.Literal('week'), Type.Literal('month')])) },
  { additionalProperties: false },
);

/** Each list has a number for each hour, the first of which began at `since`, the last is the one now. */
export const Activity = Type.Object({
  since: Type.String(),
  received: hours('messages from other servers'),
  refused: hours('messages, recipients and connections that were not taken'),
  sent: hours('copies that other servers have taken'),
  failed: hours('copies for other servers that were given up'),
  deferred: hours('attempts to send a copy that are to be repeated'),
  logins: hours('logins'),
  failedLogins: hours('logins that failed'),
});
export type Activity = Static<typeof Activity>;

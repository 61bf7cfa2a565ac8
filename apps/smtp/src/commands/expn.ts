import type { Command } from '../command.ts';
import { someArgument } from '../parse-argument.ts';
import { replies } from '../replies.ts';

/** EXPN: RFC 5321 §4.1.1.7. Members of a list are nobody else's business, and so is whether it is one (RFC 5321 §7.3). */
export const expn: Command<string> = {
  name: 'EXPN',
  needs: 'connection',
  parse: someArgument,
  run: () => replies.cannotVerify,
};

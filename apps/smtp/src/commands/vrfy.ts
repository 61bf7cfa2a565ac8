import type { Command } from '../command.ts';
import { someArgument } from '../parse-argument.ts';
import { replies } from '../replies.ts';

/** VRFY: RFC 5321 §4.1.1.6. Tells nobody which addresses there are (RFC 5321 §7.3). */
export const vrfy: Command<string> = {
  name: 'VRFY',
  needs: 'connection',
  parse: someArgument,
  run: () => replies.cannotVerify,
};

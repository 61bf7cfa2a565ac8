import type { Command } from '../command.ts';
import { noArgument } from '../parse-argument.ts';
import { replies } from '../replies.ts';

/** QUIT: RFC 5321 §4.1.1.10. */
export const quit: Command<null> = {
  name: 'QUIT',
  needs: 'connection',
  parse: noArgument,
  run: () => replies.goodbye,
};

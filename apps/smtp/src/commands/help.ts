import type { Command } from '../command.ts';
import { helpReplies } from '../replies.ts';

/** HELP: RFC 5321 §4.1.1.8. */
export const help: Command<null> = {
  name: 'HELP',
  needs: 'connection',
  parse: () => null,
  run: (session) => helpReplies[session.kind],
};

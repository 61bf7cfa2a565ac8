import type { Command } from '../command.ts';
import { replies } from '../replies.ts';

/** NOOP: RFC 5321 §4.1.1.9. An argument is ignored. */
export const noop: Command<null> = {
  name: 'NOOP',
  needs: 'connection',
  parse: () => null,
  run: () => replies.ok,
};

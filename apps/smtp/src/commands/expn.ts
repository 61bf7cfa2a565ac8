import type { Command } from '../command.ts';
import { replies } from '../replies.ts';

/** EXPN: RFC 5321 §4.1.1.7, optional (§4.5.1). Members of a list are nobody else's business (RFC 5321 §7.3). */
export const expn: Command<null> = {
  name: 'EXPN',
  needs: 'connection',
  parse: () => null,
  run: () => replies.notImplemented,
};

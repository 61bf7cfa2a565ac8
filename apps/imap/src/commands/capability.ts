import { capabilities } from '../capabilities.ts';
import { type Command, ok } from '../command.ts';

/** CAPABILITY: RFC 9051 §6.1.1. */
export const capability: Command<null> = {
  name: 'CAPABILITY',
  state: 'any',
  parse: () => null,
  async run(session) {
    session.out.text('* CAPABILITY ').text(capabilities(session).join(' ')).crlf();
    return ok('Capabilities listed');
  },
};

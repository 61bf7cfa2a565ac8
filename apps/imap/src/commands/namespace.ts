import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, ok } from '../command.ts';

/** NAMESPACE: RFC 2342 §5. All mailboxes are the account's own. */
export const namespace: Command<null> = {
  name: 'NAMESPACE',
  state: 'authenticated',
  parse: () => null,
  async run(session) {
    session.out.text(`* NAMESPACE (("" "${HIERARCHY_DELIMITER}")) NIL NIL\r\n`);
    return ok('Namespaces told');
  },
};

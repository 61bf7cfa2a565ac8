import { HIERARCHY_DELIMITER } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { OTHER_USERS } from '../other-users.ts';

/** NAMESPACE: RFC 2342 §5. Mailboxes that many share are somebody's too: none belongs to nobody. */
export const namespace: Command<null> = {
  name: 'NAMESPACE',
  state: 'authenticated',
  parse: () => null,
  async run(session) {
    session.out.text(
      `* NAMESPACE (("" "${HIERARCHY_DELIMITER}")) (("${OTHER_USERS}${HIERARCHY_DELIMITER}" "${HIERARCHY_DELIMITER}")) NIL\r\n`,
    );
    return ok('Namespaces told');
  },
};

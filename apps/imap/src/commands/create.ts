import { HIERARCHY_DELIMITER, StorageError } from '@postel/storage';
import { type Command, ok } from '../command.ts';
import { levelsOf, parseMailboxName } from '../mailbox-name.ts';

/** CREATE: RFC 9051 §6.3.4. Superior names that are missing are created too. */
export const create: Command<string> = {
  name: 'CREATE',
  state: 'authenticated',
  parse: (args) => parseMailboxName(args.sp()),
  async run(session, given) {
    // A trailing delimiter only declares that names below are to come.
    const name = given.endsWith(HIERARCHY_DELIMITER) ? given.slice(0, -1) : given;
    const levels = levelsOf(name);
    const { account, store } = session;
    for (let depth = 1; depth < levels.length; depth++) {
      const superior = levels.slice(0, depth).join(HIERARCHY_DELIMITER);
      await store.createMailbox(account.accountId, superior, null).catch(unlessExists);
    }
    await store.createMailbox(account.accountId, name, null);
    return ok('Created');
  },
};

function unlessExists(error: unknown): void {
  if (!(error instanceof StorageError) || error.kind !== 'exists') throw error;
}

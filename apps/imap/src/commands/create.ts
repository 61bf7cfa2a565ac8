import { HIERARCHY_DELIMITER, StorageError } from '@postel/storage';
import { type Command, No, ok } from '../command.ts';
import { MAILBOX_NAME_OCTETS } from '../limits.ts';

/** CREATE: RFC 9051 §6.3.4. Superior names that are missing are created too. */
export const create: Command<string> = {
  name: 'CREATE',
  state: 'authenticated',
  parse: (args) => args.sp().mailbox(),
  async run(session, given) {
    // A trailing delimiter only declares that names below are to come.
    const name = given.endsWith(HIERARCHY_DELIMITER) ? given.slice(0, -1) : given;
    const levels = name.split(HIERARCHY_DELIMITER);
    if (levels.includes('') || Buffer.byteLength(name) > MAILBOX_NAME_OCTETS)
      throw new No('Not a mailbox name', 'CANNOT');
    const { account, store } = session;
    for (let depth = 1; depth < levels.length; depth++) {
      await store
        .createMailbox(account.accountId, levels.slice(0, depth).join(HIERARCHY_DELIMITER), null)
        .catch(unlessExists);
    }
    await store.createMailbox(account.accountId, name, null);
    return ok('Created');
  },
};

function unlessExists(error: unknown): void {
  if (!(error instanceof StorageError) || error.kind !== 'exists') throw error;
}

import { type Command, No, ok } from '../command.ts';
import { QUOTA_ROOT, seesQuota, writeQuota } from '../quota-root.ts';

/** GETQUOTA: RFC 9208 §4.1.1. */
export const getQuota: Command<string> = {
  name: 'GETQUOTA',
  state: 'authenticated',
  parse: (args) => args.sp().astring(),
  async run(session, root) {
    if (!seesQuota(session)) throw new No('Not for everybody', 'NOPERM');
    if (root !== QUOTA_ROOT) throw new No('No such quota root', 'NONEXISTENT');
    writeQuota(session.out, await session.store.readQuota(session.account.accountId));
    return ok('Quota told');
  },
};

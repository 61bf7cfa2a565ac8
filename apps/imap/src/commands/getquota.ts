import { type Command, ok } from '../command.ts';
import { findQuotaRoot, writeQuota } from '../quota-root.ts';

/** GETQUOTA: RFC 9208 §4.1.1. */
export const getQuota: Command<string> = {
  name: 'GETQUOTA',
  state: 'authenticated',
  parse: (args) => args.sp().astring(),
  async run(session, root) {
    const { accountId } = await findQuotaRoot(session, root);
    writeQuota(session.out, root, await session.store.readQuota(accountId));
    return ok('Quota told');
  },
};

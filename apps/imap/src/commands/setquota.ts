import { type Command, No } from '../command.ts';

/**
 * SETQUOTA: RFC 9208 §4.1.3. Limits are the operator's to set, who does not log in by IMAP; owners are not to change their
 * own. It is known because QUOTA promises RFC 2087, which has it; QUOTASET is not announced.
 */
export const setQuota: Command<null> = {
  name: 'SETQUOTA',
  state: 'authenticated',
  parse(args) {
    args.sp().astring();
    args.sp().list((resource) => ({ name: resource.atom(), limit: resource.sp().number64() }));
    return null;
  },
  async run() {
    throw new No('Limits are set by the operator of this server', 'NOPERM');
  },
};

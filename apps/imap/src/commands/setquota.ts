import { DirectoryError } from '@postel/directory';
import type { Arguments } from '@postel/imap-wire';
import { limitOf, type QuotaLimits } from '@postel/quota';
import { Bad, type Command, No, ok } from '../command.ts';
import { findQuotaRoot, noSuchRoot, writeQuota } from '../quota-root.ts';

interface SetQuotaArgs {
  readonly root: string;
  /** By the names of resources, in upper case. */
  readonly limits: ReadonlyMap<string, number>;
}

/**
 * SETQUOTA: RFC 9208 §4.1.3. For those who administer the server; what is not in the list is not limited any more. A limit below
 * what is there is none that is refused: nothing goes, and nothing more comes in.
 */
export const setQuota: Command<SetQuotaArgs> = {
  name: 'SETQUOTA',
  state: 'authenticated',
  parse(args) {
    const root = args.sp().astring();
    return { root, limits: parseLimits(args.sp()) };
  },
  async run(session, { root, limits: given }) {
    const { directory } = session.services;
    const { accountId, name } = await findQuotaRoot(session, root);
    if (!(await directory.mayAdminister(session.account))) {
      throw new No('Limits are set by those who administer this server', 'NOPERM');
    }
    const limits = limitsOf(given);
    const { name: account } = session.account;
    const actor = {
      type: 'account',
      account,
      service: 'imap',
      clientAddress: session.transport.loginContext.clientAddress,
    } as const;
    await directory.as(actor).quotas.change(name, limits).catch(goneMeansNoRoot);
    session.log.info({ by: session.account.name, account: name, limits }, 'quota set');
    writeQuota(session.out, root, await session.store.readQuota(accountId));
    return ok('Quota set');
  },
};

/** setquota-list: RFC 9208 §7. */
function parseLimits(args: Arguments): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  args.list((resource) => {
    const name = resource.atom().toUpperCase();
    if (limits.has(name)) throw new Bad('A resource is named twice');
    limits.set(name, resource.sp().number64());
  });
  return limits;
}

function limitsOf(given: ReadonlyMap<string, number>): QuotaLimits {
  const limits: { -readonly [amount in keyof QuotaLimits]: number | null } = {
    octets: null,
    messages: null,
    mailboxes: null,
  };
  for (const [name, limit] of given) {
    const resource = limitOf(name, limit);
    if (resource === null) throw new No('No such resource: STORAGE, MESSAGE and MAILBOX can be limited', 'CANNOT');
    limits[resource.amount] = resource.limit;
  }
  return limits;
}

/** Between the look and the change. */
function goneMeansNoRoot(error: unknown): never {
  throw error instanceof DirectoryError && error.kind === 'no-such-account' ? noSuchRoot() : error;
}

import { type Command, ok } from '../command.ts';
import { findMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { isOfOtherUsers, parseOwnedName } from '../other-users.ts';
import { findRootOfOther, QUOTA_ROOT, seesQuota, writeQuota } from '../quota-root.ts';

/**
 * GETQUOTAROOT: RFC 9208 §4.1.2. A name that no mailbox has is answered like others: a mailbox made under it would have that
 * root. Rejects has none (§3.2). Of other people's mailboxes no root is told but to those who administer the server, whether they
 * are there or not: their use would come with it.
 */
export const getQuotaRoot: Command<string> = {
  name: 'GETQUOTAROOT',
  state: 'authenticated',
  parse: (args) => parseMailboxName(args.sp()),
  async run(session, name) {
    const { out, account, store } = session;
    const isOwn = !isOfOtherUsers(name);
    const mailbox = isOwn ? await findMailbox(session, name, 'r') : null;
    const owner = parseOwnedName(name)?.owner ?? null;
    const other = owner === null ? null : await findRootOfOther(session, owner);
    const quotaOfOther = other === null ? null : await store.readQuota(other.accountId);
    out.text('* QUOTAROOT ');
    session.writeMailboxName(mailbox?.name ?? name);
    if (isOwn && mailbox?.isRejects !== true && seesQuota(session)) {
      out.sp().string(QUOTA_ROOT).crlf();
      writeQuota(out, QUOTA_ROOT, mailbox?.quota ?? (await store.readQuota(account.accountId)));
    } else if (other !== null && quotaOfOther !== null) {
      out.sp().string(other.root).crlf();
      writeQuota(out, other.root, quotaOfOther);
    } else {
      out.crlf();
    }
    return ok('Quota root told');
  },
};

import { type Command, No, ok } from './command.ts';
import { mailboxFlags } from './flags.ts';
import { MailboxView } from './mailbox-view.ts';
import type { Session } from './session.ts';

/** SELECT and EXAMINE: RFC 3501 §6.3.1, §6.3.2, RFC 9051 §6.3.2. */
export function selectCommand(name: 'SELECT' | 'EXAMINE'): Command<string> {
  const isReadOnly = name === 'EXAMINE';
  return {
    name,
    state: 'authenticated',
    parse: (args) => args.sp().mailbox(),
    async run(session, mailboxName) {
      session.unselect(); // also if this fails: RFC 9051 §6.3.2
      const { account, store } = session;
      const mailbox = await store.findMailbox(account.accountId, mailboxName);
      if (mailbox === null) throw new No('No such mailbox', 'NONEXISTENT');
      const view = await MailboxView.open(store, account.accountId, mailbox.id, mailboxName, isReadOnly);
      session.select(view);
      await describe(session, view, mailbox.uidNext - 1 - mailbox.recent);
      return ok(isReadOnly ? 'Opened read-only' : 'Selected', isReadOnly ? 'READ-ONLY' : 'READ-WRITE');
    },
  };
}

async function describe(session: Session, view: MailboxView, recentAbove: number): Promise<void> {
  const { out } = session;
  const { mailbox } = view;
  // The view was made with the arrays; what they hold is what we tell, whatever came since.
  const newest = mailbox.uidNext - 1;
  view.addRecent(view.isReadOnly ? recentAbove : await mailbox.claimRecent(), newest);
  const flags = mailboxFlags(mailbox);
  view.toldKeywords = mailbox.keywordCount;
  out.text('* FLAGS ').flagList(flags).crlf();
  out
    .text('* OK [PERMANENTFLAGS ')
    .flagList(view.isReadOnly ? [] : [...flags, '\\*'])
    .text('] Flags that are kept\r\n');
  out.text('* ').number(view.count).text(' EXISTS\r\n');
  out.text('* ').number(view.recentCount).text(' RECENT\r\n');
  const unseen = firstUnseen(view);
  if (unseen > 0) out.text('* OK [UNSEEN ').number(unseen).text('] First unseen\r\n');
  out.text('* OK [UIDVALIDITY ').number(mailbox.uidvalidity).text('] UIDs valid\r\n');
  out.text('* OK [UIDNEXT ').number(mailbox.uidNext).text('] Next UID\r\n');
}

/** 0 if all are seen. */
function firstUnseen({ mailbox: { table } }: MailboxView): number {
  for (let i = 0; i < table.length; i++) if ((table.flags(i) & 1) === 0) return i + 1;
  return 0;
}

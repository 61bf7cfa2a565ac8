import type { Arguments } from '@postel/imap-wire';
import { SystemFlag } from '@postel/storage';
import { Bad, type Command, ok } from './command.ts';
import { requireMailbox } from './find-mailbox.ts';
import { mailboxFlags } from './flags.ts';
import { type GivenName, parseGivenName } from './mailbox-name.ts';
import { MailboxView } from './mailbox-view.ts';
import { mailboxObjectId } from './object-id.ts';
import { writeResponseCode } from './response-code.ts';
import { parseResync, type Resync, resynchronize } from './resynchronize.ts';
import type { Session } from './session.ts';
import { tellName } from './tell-name.ts';
import { requireNoNumbersIn } from './uid-only.ts';
import { warnOfQuota } from './warn-of-quota.ts';

interface SelectArgs {
  readonly givenName: GivenName;
  readonly enablesCondstore: boolean;
  readonly resync: Resync | null;
}

const PARAMETERS = { CONDSTORE: () => true, QRESYNC: (value: Arguments) => parseResync(value.sp()) };

/**
 * SELECT and EXAMINE: RFC 3501 §6.3.1, §6.3.2, RFC 9051 §6.3.2. CONDSTORE: RFC 7162 §3.1.8; QRESYNC: §3.2.5. CLOSED is told to
 * every client (§3.2.11).
 */
export function selectCommand(name: 'SELECT' | 'EXAMINE'): Command<SelectArgs> {
  const isExamine = name === 'EXAMINE';
  return {
    name,
    state: 'authenticated',
    parse(args, session) {
      const givenName = parseGivenName(args.sp());
      const parameters = args.optional((rest) => rest.someParameters(PARAMETERS)) ?? {};
      const { CONDSTORE: enablesCondstore = false, QRESYNC: resync = null } = parameters;
      if (resync !== null && !session.hasEnabled('QRESYNC')) throw new Bad('ENABLE QRESYNC comes first');
      if (resync?.match) requireNoNumbersIn(session, resync.match.numbers); // RFC 9586
      return { givenName, enablesCondstore, resync };
    },
    async run(session, { givenName, enablesCondstore, resync }) {
      if (session.selected !== null) session.out.text('* OK [CLOSED] The mailbox before is closed\r\n');
      session.unselect(); // also if this fails: RFC 9051 §6.3.2
      const isRev2 = session.hasEnabled('IMAP4rev2');
      if (enablesCondstore) session.enableCondstore();
      const mailbox = await requireMailbox(session, givenName.name, 'r');
      if (isRev2) await tellName(session, givenName);
      const view = await MailboxView.open(session.store, mailbox, givenName.name, isExamine);
      const { isReadOnly } = view;
      session.select(view);
      if (isReadOnly && !isRev2) view.addRecent(mailbox.recentUid, view.toldUid);
      await describe(session, view);
      warnOfQuota(session, mailbox);
      if (resync?.uidvalidity === mailbox.uidvalidity) await resynchronize(session, resync);
      return ok(isReadOnly ? 'Opened read-only' : 'Selected', isReadOnly ? 'READ-ONLY' : 'READ-WRITE');
    },
  };
}

async function describe(session: Session, view: MailboxView): Promise<void> {
  const { out } = session;
  const { mailbox, count, toldUid } = view;
  const isRev2 = session.hasEnabled('IMAP4rev2'); // without RECENT and UNSEEN: RFC 9051 appendix E
  const unseen = isRev2 || session.hasEnabled('UIDONLY') ? 0 : firstUnseen(view);
  await session.claimRecent(view); // while the arrays go on: what is told is what they held before
  const flags = mailboxFlags(mailbox);
  view.learnKeywords();
  out.text('* FLAGS ').flagList(flags).crlf();
  session.tellPermanentFlags(view);
  out.text('* ').number(count).text(' EXISTS\r\n');
  if (!isRev2) out.text('* ').number(view.recentCount).text(' RECENT\r\n');
  if (unseen > 0) out.text('* OK [UNSEEN ').number(unseen).text('] First unseen\r\n');
  out.text('* OK [UIDVALIDITY ').number(mailbox.uidvalidity).text('] UIDs valid\r\n');
  out
    .text('* OK [UIDNEXT ')
    .number(toldUid + 1)
    .text('] Next UID\r\n');
  out.text('* OK [MAILBOXID (').text(mailboxObjectId(mailbox)).text(')] Of this mailbox\r\n'); // RFC 8474 §4.2
  // RFC 4467 §8: not to sessions that others may listen to.
  if (session.transport.security.isTls) {
    writeResponseCode(out.text('* OK '), 'URLMECH INTERNAL');
    out.text('By which URLs are authorized').crlf();
  }
  session.tellHighestModSeq();
}

/** 0 if all are seen. Of a view whose client has been told nothing yet. */
function firstUnseen({ mailbox: { table } }: MailboxView): number {
  const at = table.firstWithout(SystemFlag.seen);
  return at < table.length ? at + 1 : 0;
}

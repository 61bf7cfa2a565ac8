import { Bad, type Command, ok } from '../command.ts';
import { requirePlace } from '../find-mailbox.ts';
import { type GivenName, parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';
import { mailboxObjectId } from '../object-id.ts';
import { chosenUse, notYourUse } from '../special-uses.ts';
import { tellChangedName } from '../tell-name.ts';

interface CreateArgs {
  readonly mailbox: GivenName;
  /** As the client wrote them. */
  readonly uses: readonly string[];
}

/**
 * CREATE: RFC 3501 §6.3.3; USE: RFC 6154 §3; MAILBOXID: RFC 8474 §4.1. Superior names that are missing are created too.
 *
 * A mailbox has one special use at most, and a special use one mailbox: what has it keeps it, because a client that looks for
 * `\Sent` takes the first it finds.
 */
export const create: Command<CreateArgs> = {
  name: 'CREATE',
  state: 'authenticated',
  parse(args) {
    const mailbox = parseNewMailboxName(args.sp());
    const given = args.optional((rest) => rest.parameters({ USE: (value) => value.sp().list((use) => use.flag()) }));
    if (given !== null && given.USE === undefined) throw new Bad('Unknown parameter');
    return { mailbox, uses: given?.USE ?? [] };
  },
  async run(session, { mailbox, uses }) {
    requireMailboxName(mailbox.name);
    const { account, ownName } = await requirePlace(session, mailbox.name);
    const specialUse = chosenUse(uses);
    if (specialUse !== null && account !== session.account.accountId) throw notYourUse();
    const { uidvalidity, modseq } = await session.store.mailboxes.create(account, ownName, specialUse);
    session.notifications?.made({ account, modSeq: modseq });
    await tellChangedName(session, mailbox);
    return ok('Created', { type: 'MAILBOXID', id: mailboxObjectId({ account, uidvalidity }) });
  },
};

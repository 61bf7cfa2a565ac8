import { Bad, type Command, No, ok } from '../command.ts';
import { type GivenName, parseNewMailboxName, requireMailboxName } from '../mailbox-name.ts';
import { mailboxObjectId } from '../object-id.ts';
import { tellChangedName } from '../tell-name.ts';

/** Those of RFC 6154 §2 that are no more than advice to the client: the server has no virtual \All or \Flagged. */
const SPECIAL_USES = new Map(
  ['\\Archive', '\\Drafts', '\\Junk', '\\Sent', '\\Trash'].map((use) => [use.toLowerCase(), use]),
);

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
    return { mailbox, uses: [...new Set(given?.USE)] };
  },
  async run(session, { mailbox, uses }) {
    requireMailboxName(mailbox.name);
    const [first, ...more] = uses.map((use) => SPECIAL_USES.get(use.toLowerCase()));
    if (uses.length > 0 && (first === undefined || more.length > 0)) {
      throw new No('A mailbox can have one of \\Archive, \\Drafts, \\Junk, \\Sent and \\Trash', 'USEATTR');
    }
    const { accountId: account } = session.account;
    const { uidvalidity } = await session.store.createMailbox(account, mailbox.name, first ?? null);
    await tellChangedName(session, mailbox);
    return ok('Created', { type: 'MAILBOXID', id: mailboxObjectId({ account, uidvalidity }) });
  },
};

import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { sayRows } from '../say-rows.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

const RIGHTS = /^[lrswipkxtea]+$/;
const NONE = 'none';

export const configMailboxShare = defineCommand({
  name: 'config mailbox share',
  operands: 'ACCOUNT MAILBOX [WHO RIGHTS] [--json]',
  summary: 'say who else may use a mailbox, and let them',
  help: `WHO is an account, by its name or an address, or "anyone"; with "-" in front (behind "--"): what they shall not have, whoever
gives it. They find the mailbox as "Other Users/ACCOUNT/MAILBOX". RIGHTS are all that WHO has from then on, letters of
RFC 4314, or none:

  l  see it in lists            r  open it
  s  mark as read               w  set other flags              t  mark as deleted
  i  put messages there         e  expunge, with t: move out    p  nothing yet
  k  make mailboxes below       x  rename or delete it          a  change who may do what

The owner has all rights, always. Who loses one is disconnected from the mailbox.
  --json               a JSON object a line
${SERVER_OPTIONS_HELP}

Examples:
  postel config mailbox share mary Work
  postel config mailbox share mary Work john lrswit
  postel config mailbox share mary Work anyone lr
  postel config mailbox share mary Work john none`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    const [account, mailbox, who = null, rights = null, extra] = line.positionals;
    if (account === undefined || mailbox === undefined) throw new UsageError('account and mailbox missing');
    if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many`);
    const named = { account, mailbox: spelled(mailbox) };
    return { named, entry: parseEntry(who, rights), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ named, entry, asJson, server }, invocation) {
    const [{ useDirectory }, { formatRights, parseRights }] = await Promise.all([
      import('../use-directory.ts'),
      import('@postel/storage'),
    ]);
    const entries = await useDirectory(invocation, server, async ({ shares }) => {
      if (entry !== null) await shares.set(named, entry.who, parseRights(entry.rights));
      return shares.read(named);
    });
    const shares = entries.map(({ name, isNegative, rights }) => ({
      who: `${isNegative ? '-' : ''}${name ?? 'anyone'}`,
      rights: formatRights(rights),
    }));
    if (shares.length === 0 && !asJson) invocation.terminal.say('Nobody but its owner may use it.');
    else {
      sayRows(invocation.terminal, shares, { asJson, header: ['WHO', 'RIGHTS'], row: (one) => [one.who, one.rights] });
    }
  },
});

/** As the store spells names: NFC, and INBOX in any case (RFC 9051 §5.1). */
function spelled(mailbox: string): string {
  return mailbox.toUpperCase() === 'INBOX' ? 'INBOX' : mailbox.normalize('NFC');
}

/** @throws {UsageError} */
function parseEntry(
  who: string | null,
  rights: string | null,
): { readonly who: string; readonly rights: string } | null {
  if (who === null) return null;
  if (rights === null || !(rights === NONE || RIGHTS.test(rights))) {
    throw new UsageError('say the rights too: letters of lrswipkxtea, or none');
  }
  return { who, rights: rights === NONE ? '' : rights };
}

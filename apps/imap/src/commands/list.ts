import type { Arguments } from '@postel/imap-wire';
import { HIERARCHY_DELIMITER } from '@postel/storage';
import { Bad, type Command, ok } from '../command.ts';
import { addSuperiors, type KnownName, KnownNames } from '../known-names.ts';
import { OUTPUT_HIGH_WATER_OCTETS } from '../limits.ts';
import { type ListedMailbox, listMailboxes, listNames } from '../list-mailboxes.ts';
import { ListPatterns } from '../list-patterns.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { type MetadataQuery, mailboxMetadata, writeMetadata } from '../metadata.ts';
import { EntrySpelling, parseEntries } from '../metadata-entry.ts';
import { writeMyRights } from '../my-rights.ts';
import { isGranted, mayAnnotate } from '../rights.ts';
import type { Session } from '../session.ts';
import { parseStatusItems, writeStatus } from './status.ts';

const SELECTION_OPTIONS = ['SUBSCRIBED', 'SPECIAL-USE', 'REMOTE', 'RECURSIVEMATCH'] as const;
const RETURN_OPTIONS = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE', 'STATUS', 'METADATA', 'MYRIGHTS'] as const;

interface ListArgs {
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly selection: ReadonlySet<(typeof SELECTION_OPTIONS)[number]>;
  readonly returned: ReadonlySet<(typeof RETURN_OPTIONS)[number]>;
  /** What is told of each mailbox behind its name; nothing, if STATUS is not asked for. */
  readonly statusItems: readonly string[];
  /** Null, if METADATA is not asked for. */
  readonly metadata: MetadataQuery | null;
  /** Whether the client used any of the syntax of RFC 5258. */
  readonly isExtended: boolean;
}

/**
 * LIST: RFC 3501 §6.3.8; extended: RFC 5258 §3; STATUS with it: RFC 5819 §2; METADATA: RFC 9590; MYRIGHTS:
 * RFC 8440. Attributes for children (RFC 3348 §3)
 * and special uses (RFC 6154 §2) are always told.
 *
 * The reference is put before the pattern. A level of hierarchy without a mailbox is a name like any other, whatever the
 * pattern, so that no client misses the parent of what it is told: `\Noselect`, or `\NonExistent` to a client that shows it
 * knows RFC 5258 or RFC 9051. Nothing is remote, so REMOTE changes nothing.
 */
export const list: Command<ListArgs> = {
  name: 'LIST',
  state: 'authenticated',
  parse(args, session) {
    const selection = args.sp().peek('(') ? parseOptions(args, SELECTION_OPTIONS) : null;
    if (selection !== null) args.sp();
    const reference = parseMailboxName(args);
    const hasPatterns = args.sp().peek('(');
    const patterns = hasPatterns ? args.list((pattern) => pattern.listMailbox()) : [args.listMailbox()];
    if (patterns.length === 0) throw new Bad('A pattern is missing');
    let statusItems: readonly string[] = [];
    let metadata: MetadataQuery | null = null;
    const returned = args.optional((rest) =>
      parseOptions(rest.expect('RETURN').sp(), RETURN_OPTIONS, (option) => {
        if (option === 'STATUS') statusItems = parseStatusItems(rest.sp(), session);
        if (option === 'METADATA') {
          metadata = { entries: parseEntries(rest.sp()), depth: 0, maxOctets: null };
        }
      }),
    );
    // RFC 5258 §3.1; SPECIAL-USE is no base option either (RFC 6154 §6).
    if (selection?.has('RECURSIVEMATCH') && !selection.has('SUBSCRIBED'))
      throw new Bad('RECURSIVEMATCH needs SUBSCRIBED');
    return {
      reference,
      patterns,
      selection: selection ?? new Set(),
      returned: returned ?? new Set(),
      statusItems,
      metadata,
      isExtended: selection !== null || hasPatterns || returned !== null,
    };
  },

  async run(session, args) {
    const { reference, patterns, isExtended } = args;
    if (args.statusItems.includes('HIGHESTMODSEQ')) session.enableCondstore();
    if (!isExtended && patterns[0] === '') {
      // The delimiter is asked for, and the root of the reference: RFC 3501 §6.3.8.
      session.out.text(`* LIST (\\Noselect) "${HIERARCHY_DELIMITER}" ""\r\n`);
      return ok('Listed');
    }
    const wanted = new ListPatterns(
      session,
      reference,
      patterns.filter((pattern) => pattern !== ''),
    );
    const found = await findNames(session, args, wanted);
    await tell(session, args, await choose(found.names, args, wanted), found);
    return ok('Listed');
  },
};

interface FoundNames {
  readonly names: KnownNames;
  /** By name, if more is to be told of them than that. */
  readonly mailboxes: ReadonlyMap<string, ListedMailbox>;
}

async function findNames(session: Session, args: ListArgs, { under }: ListPatterns): Promise<FoundNames> {
  const { store, account, transport } = session;
  const tellsMore = args.statusItems.length > 0 || args.metadata !== null || args.returned.has('MYRIGHTS');
  const mailboxes = tellsMore ? await listMailboxes(session, under) : null;
  const [listed, subscriptions] = await Promise.all([
    mailboxes ?? listNames(session, under),
    tellsSubscribed(args) ? store.mailboxes.listSubscriptions(account.accountId) : [],
  ]);
  return {
    names: await KnownNames.of(listed, subscriptions, () => transport.flushMuch()),
    mailboxes: new Map(mailboxes?.map((mailbox) => [mailbox.name, mailbox])),
  };
}

const tellsSubscribed = ({ selection, returned }: ListArgs) =>
  selection.has('SUBSCRIBED') || returned.has('SUBSCRIBED');

interface Chosen {
  /** In order of their names. */
  readonly told: readonly KnownName[];
  /** Names above what is selected and does not match: RFC 5258 §3.5. */
  readonly above: ReadonlySet<string>;
}

async function choose(names: KnownNames, { selection }: ListArgs, wanted: ListPatterns): Promise<Chosen> {
  const isSelected = ({ name, exists, specialUse, isSubscribed }: KnownName) => {
    if (selection.has('SPECIAL-USE') && specialUse === null) return false;
    return selection.has('SUBSCRIBED') ? isSubscribed : exists || names.hasChildren(name);
  };
  const told: KnownName[] = [];
  const above = new Set<string>();
  for (const known of names.all()) {
    if (!isSelected(known)) continue;
    if (await wanted.matches(known.name)) told.push(known);
    else if (selection.has('RECURSIVEMATCH')) addSuperiors(known.name, above);
  }
  for (const name of above) {
    const known = names.get(name);
    if (!isSelected(known) && (await wanted.matches(name))) told.push(known);
  }
  return { told: told.sort(byName), above };
}

async function tell(session: Session, args: ListArgs, { told, above }: Chosen, found: FoundNames): Promise<void> {
  const { out, transport } = session;
  const { statusItems, metadata, returned, isExtended } = args;
  const entries = metadata === null ? null : await readEntries(session, metadata, told, found);
  for (const { name, exists, specialUse, isSubscribed } of told) {
    const attributes = [found.names.hasChildren(name) ? '\\HasChildren' : '\\HasNoChildren'];
    if (!exists) attributes.unshift(isExtended || session.hasEnabled('IMAP4rev2') ? '\\NonExistent' : '\\Noselect');
    if (isSubscribed && tellsSubscribed(args)) attributes.push('\\Subscribed');
    if (specialUse !== null) attributes.push(specialUse);
    out.text('* LIST ').flagList(attributes).text(` "${HIERARCHY_DELIMITER}" `);
    session.writeMailboxName(name);
    if (above.has(name)) out.text(' ("CHILDINFO" ("SUBSCRIBED"))');
    out.crlf();
    const mailbox = found.mailboxes.get(name);
    if (mailbox !== undefined) {
      if (returned.has('MYRIGHTS') && (isSubscribed || !above.has(name))) writeMyRights(session, mailbox);
      // What is known of a mailbox besides is for those who may read it: RFC 5819 §2, RFC 5464 §3.3.
      if (statusItems.length > 0 && mailbox.rights.has('r')) writeStatus(session, mailbox, statusItems);
      if (isGranted(mailbox.rights, mayAnnotate)) entries?.write(mailbox);
    }
    if (out.length > OUTPUT_HIGH_WATER_OCTETS) await transport.flushMuch();
  }
}

/** Reads metadata of all the mailboxes that are told, and gives what writes those of one. */
async function readEntries(
  session: Session,
  query: MetadataQuery,
  told: readonly KnownName[],
  { mailboxes }: FoundNames,
): Promise<{ write(mailbox: ListedMailbox): void }> {
  const byOwner = Map.groupBy(
    told.flatMap(({ name }) => mailboxes.get(name) ?? []),
    ({ account }) => account,
  );
  const entriesOf = new Map(
    await Promise.all(
      [...byOwner].map(async ([owner, owned]) => [owner, await mailboxMetadata(session, owned, query)] as const),
    ),
  );
  const spelling = new EntrySpelling(query.entries);
  return {
    write(mailbox) {
      const entries = entriesOf.get(mailbox.account)?.(mailbox);
      if (entries !== undefined) writeMetadata(session, mailbox.name, entries, spelling);
    },
  };
}

const byName = (a: KnownName, b: KnownName) => (a.name < b.name ? -1 : 1);

/** @throws {Bad} for one that is not known (RFC 5258 §3) */
function parseOptions<Option extends string>(
  args: Arguments,
  known: readonly Option[],
  parseValue: (option: Option) => void = () => {},
): ReadonlySet<Option> {
  return new Set(
    args.list((item) => {
      const word = item.label();
      const option = known.find((one) => one === word);
      if (option === undefined) throw new Bad('Unknown option of LIST');
      parseValue(option);
      return option;
    }),
  );
}

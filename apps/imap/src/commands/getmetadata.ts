import type { Arguments } from '@postel/imap-wire';
import { Bad, type Command, ok } from '../command.ts';
import { requireMailbox } from '../find-mailbox.ts';
import { parseMailboxName } from '../mailbox-name.ts';
import { type FoundEntry, type MetadataQuery, mailboxMetadata, serverMetadata, writeMetadata } from '../metadata.ts';
import { EntrySpelling, parseEntries, requireFewEntries } from '../metadata-entry.ts';
import { mayAnnotate } from '../rights.ts';
import type { Session } from '../session.ts';

interface GetMetadataArgs {
  /** Empty: the server. */
  readonly mailboxName: string;
  readonly query: MetadataQuery;
}

interface Options {
  readonly MAXSIZE?: number;
  readonly DEPTH?: MetadataQuery['depth'];
}

/**
 * GETMETADATA: RFC 5464 §4.2. The grammar has the options before the name of the mailbox, the examples behind it, and some of
 * them have several entries without parentheses: all of it is taken.
 */
export const getMetadata: Command<GetMetadataArgs> = {
  name: 'GETMETADATA',
  state: 'authenticated',
  parse(args) {
    let options: Options = {};
    if (args.sp().peek('(')) {
      options = parseOptions(args);
      args.sp();
    }
    const mailboxName = parseMailboxName(args);
    args.sp();
    if (args.peek('(DEPTH ') || args.peek('(MAXSIZE ')) {
      options = parseOptions(args);
      args.sp();
    }
    const entries = [...parseEntries(args)];
    while (!args.isAtEnd()) entries.push(...parseEntries(args.sp()));
    requireFewEntries(entries);
    return { mailboxName, query: { entries, depth: options.DEPTH ?? 0, maxOctets: options.MAXSIZE ?? null } };
  },

  async run(session, { mailboxName, query }) {
    const found = await (mailboxName === '' ? serverMetadata(session, query) : metadataOf(session, mailboxName, query));
    writeMetadata(session, mailboxName, found, new EntrySpelling(query.entries));
    const tooLong = found.flatMap(({ annotation }) => (annotation?.value === null ? [annotation.octets] : []));
    return tooLong.length === 0
      ? ok('Metadata told')
      : ok('Some values are longer', `METADATA LONGENTRIES ${Math.max(...tooLong)}`);
  },
};

async function metadataOf(session: Session, name: string, query: MetadataQuery): Promise<readonly FoundEntry[]> {
  const mailbox = await requireMailbox(session, name, mayAnnotate);
  const found = await mailboxMetadata(session, [mailbox], query);
  return found(mailbox);
}

function parseOptions(args: Arguments): Options {
  return args.parameters({
    MAXSIZE: (value) => value.sp().number(),
    DEPTH: (value): MetadataQuery['depth'] => {
      const depth = value.sp().atom().toUpperCase();
      if (depth === '0') return 0;
      if (depth === '1') return 1;
      if (depth === 'INFINITY') return 'infinity';
      throw new Bad('DEPTH is 0, 1 or infinity');
    },
  });
}

import type { Annotation, AnnotationQuery, FoundMailbox } from '@postel/storage';
import { canonicalEntry, computed, type EntrySpelling, isAskedFor, SPECIAL_USE_ENTRY } from './metadata-entry.ts';
import type { Session } from './session.ts';

/** What is asked of metadata (RFC 5464 §4.2), its entries as the client wrote them. */
export type MetadataQuery = AnnotationQuery;

/** Entries with their values, and those that the client asked for by name and that have none. */
export interface FoundMetadata {
  readonly annotations: readonly Annotation[];
  readonly missing: readonly string[];
}

/** A mailbox as far as its metadata need it. */
type Annotated = Pick<FoundMailbox, 'account' | 'id' | 'specialUse'>;

/** The metadata of the server that are asked for: what the administrator says to all, and what the account keeps for itself. */
export async function serverMetadata(session: Session, asked: MetadataQuery): Promise<FoundMetadata> {
  const { accountId } = session.account;
  const query = canonical(asked);
  const found = await session.store.readAnnotations(accountId, accountId, null, query);
  const told = [...session.services.serverMetadata]
    .filter(([entry]) => isAskedFor(query, entry))
    .map(([entry, value]) => computed(entry, value, query.maxOctets));
  return complete([...(found.get(null) ?? []), ...told], query);
}

/** The metadata of mailboxes of one owner that are asked for, by what gives those of each. */
export async function mailboxMetadata(
  session: Session,
  mailboxes: readonly Annotated[],
  asked: MetadataQuery,
): Promise<(mailbox: Annotated) => FoundMetadata> {
  const { accountId } = session.account;
  const query = canonical(asked);
  const owner = mailboxes[0]?.account ?? accountId;
  const ids = mailboxes.map(({ id }) => id);
  const found = await session.store.readAnnotations(accountId, owner, ids, query);
  const asksForUse = isAskedFor(query, SPECIAL_USE_ENTRY);
  return ({ id, account, specialUse }) => {
    const annotations = [...(found.get(id) ?? [])];
    // The special use is the owner's: nobody else sends mail to be kept there (RFC 6154 §2).
    if (asksForUse && specialUse !== null && account === accountId) {
      annotations.push(computed(SPECIAL_USE_ENTRY, Buffer.from(specialUse), query.maxOctets));
    }
    return complete(annotations, query);
  };
}

/** METADATA with values: RFC 5464 §4.4.1. Nothing if there is none. */
export function writeMetadata(
  session: Session,
  mailboxName: string,
  { annotations, missing }: FoundMetadata,
  spelling: EntrySpelling,
): void {
  const { out } = session;
  const told = annotations.filter(({ value }) => value !== null);
  if (told.length + missing.length === 0) return;
  out.text('* METADATA ');
  session.writeMailboxName(mailboxName);
  let before = ' (';
  const writeName = (entry: string) => {
    out.text(before).astring(spelling.of(entry)).sp();
    before = ' ';
  };
  for (const { entry, value } of told) {
    writeName(entry);
    if (value?.includes(0)) out.literal8Header(value.length).octets(value);
    else out.nstring(value);
  }
  for (const entry of missing) {
    writeName(entry);
    out.text('NIL');
  }
  out.text(')').crlf();
}

function canonical({ entries, ...rest }: MetadataQuery): AnnotationQuery {
  return { ...rest, entries: [...new Set(entries.map(canonicalEntry))] };
}

/** That an entry has no value is told of those that are named, not of what is asked for by the level above it. */
function complete(annotations: readonly Annotation[], { entries, depth }: AnnotationQuery): FoundMetadata {
  const found = new Set(annotations.map(({ entry }) => entry));
  return {
    annotations: annotations.toSorted((a, b) => (a.entry < b.entry ? -1 : 1)),
    missing: depth === 0 ? entries.filter((entry) => !found.has(entry)) : [],
  };
}

import type { Annotation, AnnotationQuery, FoundMailbox } from '@postel/storage';
import { canonicalEntry, computed, type EntrySpelling, isAskedFor, SPECIAL_USE_ENTRY } from './metadata-entry.ts';
import type { Session } from './session.ts';

/** What is asked of metadata (RFC 5464 §4.2), its entries as the client wrote them. */
export type MetadataQuery = AnnotationQuery;

/** An entry, or null in the place of one that was asked for by name and has no value. */
export interface FoundEntry {
  readonly entry: string;
  readonly annotation: Annotation | null;
}

/** A mailbox as far as its metadata need it. */
type Annotated = Pick<FoundMailbox, 'account' | 'id' | 'specialUse'>;

/** The metadata of the server that are asked for: what the administrator says to all, and what the account keeps for itself. */
export async function serverMetadata(session: Session, asked: MetadataQuery): Promise<readonly FoundEntry[]> {
  const { accountId } = session.account;
  const query = canonical(asked);
  const found = await session.store.annotations.read(accountId, accountId, null, query);
  const told = [...session.services.serverMetadata]
    .filter(([entry]) => isAskedFor(query, entry))
    .map(([entry, value]) => computed(entry, value, query.maxOctets));
  return inOrder([...(found.get(null) ?? []), ...told], query);
}

/** The metadata of mailboxes of one owner that are asked for, by what gives those of each. */
export async function mailboxMetadata(
  session: Session,
  mailboxes: readonly Annotated[],
  asked: MetadataQuery,
): Promise<(mailbox: Annotated) => readonly FoundEntry[]> {
  const { accountId } = session.account;
  const query = canonical(asked);
  const owner = mailboxes[0]?.account ?? accountId;
  const ids = mailboxes.map(({ id }) => id);
  const found = await session.store.annotations.read(accountId, owner, ids, query);
  const asksForUse = isAskedFor(query, SPECIAL_USE_ENTRY);
  return ({ id, account, specialUse }) => {
    const annotations = [...(found.get(id) ?? [])];
    // The special use is the owner's: nobody else sends mail to be kept there (RFC 6154 §2).
    if (asksForUse && specialUse !== null && account === accountId) {
      annotations.push(computed(SPECIAL_USE_ENTRY, Buffer.from(specialUse), query.maxOctets));
    }
    return inOrder(annotations, query);
  };
}

/** METADATA with values: RFC 5464 §4.4.1. Those that are too long are left out; nothing if there is none. */
export function writeMetadata(
  session: Session,
  mailboxName: string,
  found: readonly FoundEntry[],
  spelling: EntrySpelling,
): void {
  const { out } = session;
  const told = found.filter(({ annotation }) => annotation === null || annotation.value !== null);
  if (told.length === 0) return;
  out.text('* METADATA ');
  session.writeMailboxName(mailboxName).text(' (');
  told.forEach(({ entry, annotation }, index) => {
    if (index > 0) out.sp();
    out.astring(spelling.of(entry)).sp();
    const value = annotation?.value ?? null;
    if (value?.includes(0)) out.literal8Header(value.length).octets(value);
    else out.nstring(value);
  });
  out.text(')').crlf();
}

function canonical({ entries, ...rest }: MetadataQuery): AnnotationQuery {
  return { ...rest, entries: [...new Set(entries.map(canonicalEntry))] };
}

/**
 * Entries asked for by name, in that order, and whether they have a value or not; or all that are at such names and below them,
 * in their own order.
 */
function inOrder(annotations: readonly Annotation[], { entries, depth }: AnnotationQuery): readonly FoundEntry[] {
  if (depth !== 0) {
    const sorted = annotations.toSorted((a, b) => (a.entry < b.entry ? -1 : 1));
    return sorted.map((annotation) => ({ entry: annotation.entry, annotation }));
  }
  const found = new Map(annotations.map((annotation) => [annotation.entry, annotation]));
  return entries.map((entry) => ({ entry, annotation: found.get(entry) ?? null }));
}

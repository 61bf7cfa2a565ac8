import { foldForSearch } from './fold-for-search.ts';
import type { EnvelopeFields } from './header-fields.ts';
import { limits } from './limits.ts';
import type { OctetString } from './octet-string.ts';

/** RFC 5322 §2.1.1: no line is longer, so no whole msg-id is. */
const MESSAGE_ID_OCTETS = 998;

/**
 * The Message-IDs by which a message finds its thread (RFC 5256 §3, RFC 8621 §3), the nearest first: its own, that of what it
 * answers, then the References from the last, its parent, to the first. Of more than `limits.threadMessageIds` the first
 * reference stays, which began the thread, and others next to it go.
 */
export function threadMessageIds(fields: EnvelopeFields): readonly OctetString[] {
  const references = messageIdsIn(fields.references);
  const nearest = new Set([...messageIdsIn(fields.messageId).slice(0, 1), ...messageIdsIn(fields.inReplyTo)]);
  for (let at = references.length - 1; at >= 0; at--) nearest.add(references[at] ?? '');
  const ids = [...nearest];
  const first = references[0];
  if (ids.length <= limits.threadMessageIds || first === undefined) return ids.slice(0, limits.threadMessageIds);
  const most = ids.slice(0, limits.threadMessageIds);
  return most.includes(first) ? most : [...most.slice(0, -1), first];
}

/** RFC 5256 §3, REFERENCES: what a message is called, and its ancestors. */
export interface ThreadReferences {
  /** Null if there is none. */
  readonly messageId: OctetString | null;
  /** From the eldest to the parent: those of References or, if it has none, the first of In-Reply-To. */
  readonly references: readonly OctetString[];
}

/** Of more than `limits.references` the eldest stays, and others next to it go. */
export function threadReferences(fields: EnvelopeFields): ThreadReferences {
  const all = messageIdsIn(fields.references);
  const ids = all.length > 0 ? all : messageIdsIn(fields.inReplyTo).slice(0, 1);
  const kept = ids.length <= limits.references ? ids : [...ids.slice(0, 1), ...ids.slice(1 - limits.references)];
  const [messageId = null] = messageIdsIn(fields.messageId).map(unquoted);
  return { messageId, references: kept.map(unquoted) };
}

/** What stands in angle brackets; else, where a program left them out, the value, if it is one word. */
export function messageIdsIn(value: OctetString | null): readonly OctetString[] {
  if (value === null) return [];
  const found = Array.from(value.matchAll(/<([^<>]*)>/g), ([, id = '']) => id.replace(/\s+/g, ''));
  const ids = found.length === 0 && /^[^\s<>]+$/.test(value) ? [value] : found;
  return ids.filter((id) => id !== '' && id.length <= MESSAGE_ID_OCTETS);
}

/** `"a"@x` is `a@x` (RFC 5256 §3). */
function unquoted(id: OctetString): OctetString {
  return id.includes('"') ? id.replace(/\\(.)|"/g, '$1') : id;
}

/** `Re:`, `Fwd:`, `AW:`, `Re[2]:`, a list's `[name]`: once more or less of them is no other subject. */
const PREFIXES = /^(?:\s*(?:\[[^\][]*\]|\p{L}{1,5}\s?(?:\[\d*\]|\(\d*\))?\s?:))+/u;
const SUFFIXES = /(?:\s*\((?:fwd|wg)\))+$/;

/**
 * What stays of a subject where answers and forwards add to it, for comparing only (RFC 5256 §2.1): folded, without white space.
 * More lenient than the RFC, whose prefixes are English: any short word before a colon goes. It only separates messages that
 * refer to each other, so what it takes for the same too often does no harm.
 *
 * @param subject decoded
 */
export function baseSubject(subject: string): string {
  const folded = foldForSearch(subject);
  const base = folded.replace(PREFIXES, '').replace(SUFFIXES, '').replace(/\s+/g, '');
  return base === '' ? folded.replace(/\s+/g, '') : base;
}

import {
  ALL_RIGHTS,
  type FlagEdit,
  type FlagScope,
  type Flags,
  formatRights,
  type Right,
  type Rights,
  SystemFlag,
} from '@postel/storage';

/** A right that is needed, or what must be true of all rights that there are. */
export type Need = Right | ((rights: Rights) => boolean);

export function isGranted(rights: Rights, need: Need): boolean {
  return typeof need === 'string' ? rights.has(need) : need(rights);
}

/** Whether any of these is there. */
export const anyOf =
  (...some: readonly Right[]): Need =>
  (rights) =>
    some.some((right) => rights.has(right));

/** Whether a mailbox can be selected for more than reading (RFC 4314 §5.2). */
export const mayWrite = anyOf('i', 'e', 's', 'w', 't');

/** RFC 5464 §3.3. */
export const mayAnnotate: Need = (rights) => rights.has('l') && isGranted(rights, anyOf('r', 's', 'w', 'i', 'p'));

/** As they are told: RFC 4314 §2.1.1 has clients of RFC 2086 in mind with `c`, which is k and x, and `d`, which is t and e. */
export function toldRights(rights: Rights): string {
  const create = isGranted(rights, anyOf('k', 'x')) ? 'c' : '';
  const remove = isGranted(rights, anyOf('t', 'e')) ? 'd' : '';
  return `${formatRights(rights)}${create}${remove}`;
}

/** What may be granted to somebody who is not the owner, each by itself (RFC 4314 §3.7). */
export const GRANTABLE: readonly string[] = [...toldRights(ALL_RIGHTS)];

/** The flags that may be set and cleared with these rights: RFC 4314 §4. */
export function settableFlags(rights: Rights): FlagScope {
  const { seen, deleted, answered, flagged, draft } = SystemFlag;
  const hasKeywords = rights.has('w');
  const system =
    (rights.has('s') ? seen : 0) | (rights.has('t') ? deleted : 0) | (hasKeywords ? answered | flagged | draft : 0);
  return { system, hasKeywords };
}

/** What of these flags may be copied or appended to a mailbox; undefined if all of them. */
export function copiedFlags(rights: Rights): FlagScope | undefined {
  return ['s', 'w', 't'].every((right) => rights.has(right as Right)) ? undefined : settableFlags(rights);
}

/** What of these flags a message may have that is appended. */
export function appendableFlags({ system, keywords }: Flags, rights: Rights): Flags {
  const settable = settableFlags(rights);
  return { system: system & settable.system, keywords: settable.hasKeywords ? keywords : [] };
}

/**
 * What of a change of flags may be done: that of other flags is left out without a word, as RFC 4314 §4 has it.
 *
 * @returns null if nothing of it may be
 */
export function permittedEdit(edit: FlagEdit, rights: Rights): FlagEdit | null {
  const kept = copiedFlags(rights);
  if (kept === undefined) return edit;
  const system = edit.system & kept.system;
  const keywords = kept.hasKeywords ? edit.keywords : [];
  const names = edit.system !== 0 || edit.keywords.length > 0;
  const isPermitted = names ? system !== 0 || keywords.length > 0 : kept.system !== 0;
  return isPermitted ? { mode: edit.mode, system, keywords, among: kept } : null;
}

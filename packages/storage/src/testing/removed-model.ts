import { SystemFlag } from '../flags.ts';
import { type AccountModel, type ModelMailbox, type ModelMessage, type Removal, teach } from './account-model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DEFAULT_DAYS = 7;
const LEAST_CAP_OCTETS = 2 ** 30;

/** A removed message whose content is kept, and where it was. */
export interface Held {
  readonly mailbox: ModelMailbox;
  readonly uid: number;
  readonly removal: Removal;
}

/** What bringing back did, mailbox by mailbox, and why it went no further. */
export interface Restored {
  readonly status: 'ok' | 'over-quota';
  readonly parts: readonly { readonly mailbox: string; readonly messages: number; readonly octets: number }[];
}

/** Those that can be brought back; last removed first, as they are listed. */
export function removedMessages(model: AccountModel, name: string | null): readonly Held[] {
  return held(model, false)
    .filter(({ mailbox }) => name === null || mailbox.name === name)
    .reverse();
}

export function retainedOctets(model: AccountModel): number {
  return sizeOf(held(model, false));
}

/** What must be stored once for all that need it: contents, by their octets, and how messages arrived, by internal date. */
export function needed(model: AccountModel): {
  readonly contents: readonly number[];
  readonly deliveries: readonly number[];
} {
  const messages = [...model.mailboxes.values()].flatMap((mailbox) => [
    ...mailbox.messages.values(),
    ...[...mailbox.removals.values()].filter(({ isHeld }) => isHeld).map(({ message }) => message),
  ]);
  const delivered = messages.filter(({ size, contentSize }) => size > contentSize);
  return {
    contents: ascending(messages.map(({ contentSize }) => contentSize)),
    deliveries: ascending(delivered.map(({ internalDate }) => internalDate)),
  };
}

/** Brings back what was removed from mailboxes of that name, or from all, under new UIDs. */
export function restoreRemoved(model: AccountModel, name: string | null): Restored {
  const parts: { mailbox: string; messages: number; octets: number }[] = [];
  for (const [source, all] of byMailbox(removedMessages(model, name))) {
    const fitting: Held[] = [];
    for (const each of all) {
      if (model.isOverQuota(fitting.length + 1, sizeOf([...fitting, each]))) break;
      fitting.push(each);
    }
    if (fitting.length > 0) {
      const target = homeOf(model, source);
      if (target === null) return { status: 'over-quota', parts };
      putBack(fitting, target, ++model.modseq);
      parts.push({ mailbox: source.name, messages: fitting.length, octets: sizeOf(fitting) });
    }
    if (fitting.length < all.length) return { status: 'over-quota', parts };
  }
  return { status: 'ok', parts };
}

/** Forgets them at once; what a content that goes was moved from goes with it, where no message has it. */
export function purgeRemoved(model: AccountModel, name: string | null): number {
  const purged = removedMessages(model, name);
  for (const [, all] of byMailbox(purged)) {
    for (const each of all) letGo(each);
    const contents = new Set(all.map(({ removal }) => removal.message.contentSize));
    for (const mailbox of model.mailboxes.values())
      for (const { contentSize } of mailbox.messages.values()) contents.delete(contentSize);
    for (const each of held(model, true)) if (contents.has(each.removal.message.contentSize)) letGo(each);
  }
  return purged.length;
}

/** Lets go what was kept for its time, or is more than the account may keep: the oldest first, but nothing within an hour. */
export function releaseExpired(model: AccountModel, now: number): void {
  const isOlder = ({ removal }: Held, ageMs: number) => (removal.removedAt ?? now) <= now - ageMs;
  for (const each of held(model, true)) if (isOlder(each, HOUR_MS)) letGo(each);
  const { days, octets } = model.retention;
  const quota = model.quota.octets;
  const cap = octets ?? (quota === null ? Number.POSITIVE_INFINITY : Math.max(quota, LEAST_CAP_OCTETS));
  const timeMs = Math.max((days ?? DEFAULT_DAYS) * DAY_MS, HOUR_MS);
  for (const each of held(model, false)) {
    const isDue = isOlder(each, timeMs) || (isOlder(each, HOUR_MS) && retainedOctets(model) > cap);
    if (isDue) letGo(each);
  }
}

/** Forgets removals for which nothing is kept, and deleted mailboxes that have no others. No client sees anything of it. */
export function pruneRemoved(model: AccountModel): void {
  for (const mailbox of model.mailboxes.values()) {
    for (const [uid, { isHeld, modSeq }] of mailbox.removals) {
      if (isHeld) continue;
      mailbox.removals.delete(uid);
      mailbox.prunedSeq = Math.max(mailbox.prunedSeq, modSeq);
    }
    if (mailbox.isDeleted && mailbox.removals.size === 0) model.mailboxes.delete(mailbox.uidvalidity);
  }
}

/** Tombstones that hold their content, in the order of their removal. */
function held(model: AccountModel, wasMoved: boolean): readonly Held[] {
  return [...model.mailboxes.values()]
    .flatMap((mailbox) => [...mailbox.removals].map(([uid, removal]) => ({ mailbox, uid, removal })))
    .filter(({ removal }) => removal.isHeld && removal.wasMoved === wasMoved)
    .sort(
      (a, b) =>
        (a.removal.removedAt ?? 0) - (b.removal.removedAt ?? 0) ||
        a.mailbox.uidvalidity - b.mailbox.uidvalidity ||
        a.uid - b.uid,
    );
}

/** By name, of one name the oldest mailbox first; in each by UID. */
function byMailbox(all: readonly Held[]): readonly (readonly [ModelMailbox, readonly Held[]])[] {
  return [...Map.groupBy(all, ({ mailbox }) => mailbox)]
    .map(([mailbox, some]) => [mailbox, some.toSorted((a, b) => a.uid - b.uid)] as const)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || a.uidvalidity - b.uidvalidity);
}

/** The mailbox itself, the one that has the name of a deleted one by now, or one made anew; null: there may be none more. */
function homeOf(model: AccountModel, source: ModelMailbox): ModelMailbox | null {
  const live = source.isDeleted ? model.named(source.name) : source;
  if (live !== null) return live;
  const names = [...model.missingSuperiors(source.name), source.name];
  if (model.hasNoRoomFor(names.length)) return null;
  const isUseTaken = model.live().some(({ specialUse }) => specialUse === source.specialUse);
  model.subscriptions.add(source.name);
  return model.add(names, isUseTaken ? null : source.specialUse, ++model.modseq);
}

/** Without \Deleted, or the next EXPUNGE would take them again. */
function putBack(all: readonly Held[], target: ModelMailbox, modSeq: number): void {
  for (const { mailbox, uid, removal } of all) {
    mailbox.removals.set(uid, { ...removal, wasMoved: true });
    teach(mailbox, target, removal.message.keywords);
    const message: ModelMessage = {
      ...removal.message,
      uid: target.uidNext++,
      createSeq: modSeq,
      modSeq,
      flags: removal.message.flags & ~SystemFlag.deleted,
    };
    target.messages.set(message.uid, message);
  }
  target.highestModSeq = modSeq;
}

const letGo = ({ mailbox, uid, removal }: Held) => mailbox.removals.set(uid, { ...removal, isHeld: false });
const sizeOf = (all: readonly Held[]) => all.reduce((sum, { removal }) => sum + removal.message.size, 0);
const ascending = (numbers: readonly number[]) => [...new Set(numbers)].sort((a, b) => a - b);

import fc from 'fast-check';
import type { FlagEdit } from '../flags.ts';
import type { AccountModel, Change, ModelMailbox, ModelQuota, ModelRetention } from './account-model.ts';

/** Stores that take part, each as a process of its own. */
export const STORES = 3;

/** A change in words that fit any state: mailboxes by name, messages by how far they are from the newest. */
type Wish =
  | ({ readonly type: 'append' | 'deliver'; readonly mailbox: string; readonly length: number } & Marks)
  | ({
      readonly type: 'flags';
      readonly mailbox: string;
      readonly back: readonly number[];
      readonly mode: FlagEdit['mode'];
      /** How many modseqs ago the client has looked; null: unconditional. */
      readonly lag: number | null;
    } & Marks)
  | {
      readonly type: 'copy';
      readonly mailbox: string;
      readonly back: readonly number[];
      readonly target: string;
      readonly what: 'whole' | 'present' | 'move';
    }
  | { readonly type: 'expunge'; readonly mailbox: string; readonly back: readonly number[] }
  | { readonly type: 'create'; readonly mailbox: string; readonly specialUse: string | null }
  | { readonly type: 'delete'; readonly mailbox: string; readonly isByName: boolean }
  | { readonly type: 'rename'; readonly mailbox: string; readonly target: string }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly mailbox: string };

interface Marks {
  readonly system: number;
  readonly keywords: readonly string[];
}

export interface WishOf {
  readonly store: number;
  readonly wish: Wish;
}

/** What Postel does of itself, from time to time. */
export type UpkeepWork = 'release' | 'prune';

export interface UpkeepOf {
  readonly store: number;
  readonly work: UpkeepWork;
}

export type Step =
  | { readonly type: 'one'; readonly wishes: readonly WishOf[] }
  /** At the same time; keywords have one spelling, since which came first cannot be seen of those that changed nothing. */
  | { readonly type: 'together'; readonly wishes: readonly WishOf[]; readonly upkeep: readonly UpkeepOf[] }
  /** Nothing else at that time. */
  | { readonly type: 'upkeep'; readonly upkeep: readonly UpkeepOf[] }
  /** What was removed from mailboxes of that name, or from all. */
  | { readonly type: 'restore' | 'purge'; readonly mailbox: string | null }
  | { readonly type: 'retention'; readonly retention: ModelRetention }
  /** Time goes by, for what was removed. */
  | { readonly type: 'age'; readonly minutes: number }
  | { readonly type: 'quota'; readonly quota: ModelQuota }
  /** Closes the long-lived views of a mailbox; they are opened again at the next look. */
  | { readonly type: 'close'; readonly mailbox: string }
  /** A process that has heard of nothing for long looks at a mailbox again. */
  | { readonly type: 'catch-up'; readonly mailbox: string };

const mailbox = fc.oneof(
  { weight: 6, arbitrary: fc.constant('INBOX') },
  { weight: 6, arbitrary: fc.constantFrom('Archive', 'a', 'a/b') },
  { weight: 3, arbitrary: fc.constantFrom('A', 'Sent', 'a/b/c', 'INBOX/x', 'd', 'd/e', 'a0', 'Ä/日本') },
);
const marks = {
  system: fc.constantFrom(0, 1, 4, 8, 9, 31),
  keywords: fc.subarray(['one', 'One', 'Two', '$Junk', '__proto__', 'a"b\\c,{}'], { maxLength: 3 }),
};
const back = fc.uniqueArray(fc.integer({ min: -1, max: 14 }), { minLength: 1, maxLength: 8 });
const of = <T extends string>(type: T) => fc.constant(type);

const wish: fc.Arbitrary<Wish> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constantFrom('append', 'deliver'), mailbox, length: fc.nat(60), ...marks }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: of('flags'),
      mailbox,
      back,
      mode: fc.constantFrom('add', 'remove', 'replace'),
      lag: fc.option(fc.nat(12)),
      ...marks,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: of('copy'),
      mailbox,
      back,
      target: mailbox,
      what: fc.constantFrom('whole', 'present', 'move'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: of('expunge'), mailbox, back }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: of('create'),
      mailbox,
      specialUse: fc.option(fc.constantFrom('\\Flagged', '\\Sent'), { freq: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: of('delete'), mailbox, isByName: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: of('rename'), mailbox, target: mailbox }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('subscribe', 'unsubscribe'), mailbox }) },
);
const wishOf = fc.record({ store: fc.nat(STORES - 1), wish });
const limit = (most: number) => fc.option(fc.nat(most), { freq: 3 });

const upkeepOf = fc.record({
  store: fc.nat(STORES - 1),
  work: fc.constantFrom<UpkeepWork>('release', 'prune', 'prune'),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ type: of('one'), wishes: fc.array(wishOf, { minLength: 1, maxLength: 1 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: of('together'),
      wishes: fc.array(wishOf, { minLength: 2, maxLength: 8 }),
      upkeep: fc.array(upkeepOf, { maxLength: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: of('quota'),
      quota: fc.record({ octets: limit(2_000), messages: limit(60), mailboxes: limit(12) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: of('close'), mailbox }) },
  { weight: 2, arbitrary: fc.record({ type: of('catch-up'), mailbox }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: of('upkeep'), upkeep: fc.array(upkeepOf, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: of('restore'), mailbox: fc.option(mailbox) }) },
  { weight: 1, arbitrary: fc.record({ type: of('purge'), mailbox: fc.option(mailbox) }) },
  // Retention is counted in days, and nothing goes within the hour.
  { weight: 4, arbitrary: fc.record({ type: of('age'), minutes: fc.constantFrom(61, 25 * 60, 8 * 24 * 60) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: of('retention'),
      retention: fc.record({ days: fc.option(fc.nat(1)), octets: limit(300) }),
    }),
  },
);

/** Sequences of steps, of one to so many. */
export const steps = (most: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 1, maxLength: most, size: 'max' });

/**
 * What a wish means as the account is now; null: nothing that a caller would ask the store for. INBOX is never deleted, which
 * the store leaves to its callers to refuse.
 */
export function changeFor(
  { wish }: WishOf,
  model: AccountModel,
  internalDate: number,
  spelling: 'any' | 'one',
): Change | null {
  const found = model.named(wish.mailbox);
  // Of a name that is gone, what a connection that had it selected would still ask for.
  const box = found ?? [...model.mailboxes.values()].findLast(({ name }) => name === wish.mailbox) ?? null;
  const id = box?.uidvalidity ?? 0;
  const keywords = (names: readonly string[]) =>
    spelling === 'any' ? names : [...new Set(names.map((name) => name.toLowerCase()))];
  const uids = 'back' in wish ? uidsBack(box, wish.back) : [];
  switch (wish.type) {
    case 'append':
    case 'deliver': {
      const { system, length } = wish;
      const isAppend = wish.type === 'append';
      const contentSize = contentOfLength(length).length;
      const size = contentSize + (isAppend ? 0 : DELIVERY_PREFIX.length);
      const marked = isAppend ? { flags: system, keywords: keywords(wish.keywords) } : { flags: 0, keywords: [] };
      return { type: wish.type, mailbox: id, size, contentSize, internalDate, ...marked };
    }
    case 'flags': {
      const { mode, system, lag } = wish;
      const edit = { mode, system, keywords: keywords(wish.keywords) };
      const unchangedSince = lag === null ? null : Math.max(0, model.modseq - lag);
      return uids.length === 0 ? null : { type: 'flags', mailbox: id, uids, edit, unchangedSince };
    }
    case 'copy': {
      const target = model.named(wish.target)?.uidvalidity ?? 0;
      return uids.length === 0 ? null : { type: 'copy', mailbox: id, uids, target, what: wish.what };
    }
    case 'expunge':
      return uids.length === 0 ? null : { type: 'expunge', mailbox: id, uids };
    case 'create':
      return { type: 'create', name: wish.mailbox, specialUse: wish.specialUse };
    case 'delete':
      if (wish.mailbox === 'INBOX') return null;
      return { type: 'delete', mailbox: id, name: wish.isByName ? wish.mailbox : null };
    case 'rename':
      return { type: 'rename', from: wish.mailbox, to: wish.target };
    case 'subscribe':
    case 'unsubscribe':
      return { type: wish.type, name: wish.mailbox };
    default:
      return wish satisfies never;
  }
}

/** A content; those of one length are the same, so that they are stored once. */
export const contentOfLength = (length: number): Buffer => Buffer.from(`Subject: ${'x'.repeat(length)}\r\n\r\n`);

/** What stands before the content of what came by delivery. */
export const DELIVERY_PREFIX = 'Received: from client.example.com\r\n';

function uidsBack(mailbox: ModelMailbox | null, back: readonly number[]): readonly number[] {
  const next = mailbox?.uidNext ?? 1;
  return back
    .map((distance) => next - 1 - distance)
    .filter((uid) => uid > 0)
    .sort((a, b) => a - b);
}

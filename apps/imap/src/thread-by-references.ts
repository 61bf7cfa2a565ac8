import type { ThreadLinks } from '@postel/storage';
import { GrowingTrees, NONE } from './growing-trees.ts';

/** What is known of the messages that a search found, by their place in it. */
export interface ThreadedMessages {
  /** All of them, the eldest first (RFC 5256 §2.2). */
  readonly byDate: Uint32Array;
  /** Equal for equal base subjects, 0 for the empty one. */
  readonly subjects: ArrayLike<number>;
  readonly links: ThreadLinks;
}

/** Steps after which others get their turn. */
const STEPS_A_TURN = 100_000;

/**
 * THREAD=REFERENCES: RFC 5256 §3, step by step, in time that grows with the number of references (nearly: see GrowingTrees).
 * Steps 4 and 6, which sort, are left to `threadTrees`: all siblings are messages, so the order of all messages is theirs.
 *
 * @param turn lets others have their turn
 * @returns the parent of each node, NONE for roots; nodes that are no messages stand for messages that are missing
 */
export async function threadByReferences(messages: ThreadedMessages, turn: () => Promise<void>): Promise<Uint32Array> {
  const parents = await threadByRefs(messages.links, messages.byDate.length, turn);
  await turn();
  return mergeSubjects(parents, messages, turn);
}

/**
 * THREAD=REFS (draft-ietf-morg-inthread): as REFERENCES without step 5, so that messages which only have the same subject stay apart.
 *
 * @param messages how many there are
 */
export async function threadByRefs(
  links: ThreadLinks,
  messages: number,
  turn: () => Promise<void>,
): Promise<Uint32Array> {
  const linked = await linkMessages(links, messages, turn);
  await turn();
  return withoutDummies(linked, messages, turn);
}

/** Step 1. Nodes above the messages are those to which only references lead. */
async function linkMessages(links: ThreadLinks, messages: number, turn: () => Promise<void>): Promise<Uint32Array> {
  const { messageIds, references, referenceStarts, highest } = links;
  const nodes = new Uint32Array(highest + 1).fill(NONE);
  for (let message = 0; message < messages; message++) {
    const id = messageIds[message] ?? 0;
    if (id !== 0 && nodes[id] === NONE) nodes[id] = message; // of those with the same Message-ID the first
  }
  await turn();

  const trees = new GrowingTrees(messages + Math.min(highest, references.length));
  let count = messages;
  let steps = 0;
  for (let message = 0; message < messages; message++) {
    const end = referenceStarts[message + 1] ?? 0;
    let parent = NONE;
    for (let at = referenceStarts[message] ?? 0; at < end; at++) {
      const id = references[at] ?? 0;
      if (nodes[id] === NONE) nodes[id] = count++;
      const node = nodes[id] ?? NONE;
      if (parent !== NONE && trees.parents[node] === NONE) trees.link(node, parent);
      parent = node;
      steps++;
    }
    trees.cut(message);
    if (parent !== NONE) trees.link(message, parent);
    if (++steps < STEPS_A_TURN) continue;
    steps = 0;
    await turn();
  }
  return trees.parents.subarray(0, count);
}

/** Steps 2 and 3: of the dummies those stay that hold several threads together. */
async function withoutDummies(linked: Uint32Array, messages: number, turn: () => Promise<void>): Promise<Uint32Array> {
  const over = new DummyHeights(linked, messages);
  const parents = new Uint32Array(linked.length).fill(NONE);
  const children = new Uint32Array(linked.length);
  for (let message = 0; message < messages; message++) {
    const parent = over.parentOf(message);
    parents[message] = parent;
    if (parent !== NONE) children[parent] = (children[parent] ?? 0) + 1;
  }
  await turn();
  for (let message = 0; message < messages; message++) {
    const parent = parents[message] ?? NONE;
    if (parent !== NONE && parent >= messages && children[parent] === 1) parents[message] = NONE;
  }
  return parents;
}

/** Finds over dummies what they are below of, each way once. */
class DummyHeights {
  readonly #linked: Uint32Array;
  readonly #messages: number;
  /** By node, of dummies that were passed. */
  readonly #known: Uint32Array;

  constructor(linked: Uint32Array, messages: number) {
    this.#linked = linked;
    this.#messages = messages;
    this.#known = new Uint32Array(linked.length).fill(NONE);
  }

  /** The nearest message over a node, else the topmost dummy, else NONE. */
  parentOf(message: number): number {
    let at = this.#linked[message] ?? NONE;
    let found = this.#endOf(at);
    const way: number[] = [];
    while (found === null) {
      way.push(at);
      at = this.#linked[at] ?? NONE;
      found = this.#endOf(at);
    }
    for (const dummy of way) this.#known[dummy] = found;
    return found;
  }

  /** Null: the way goes on. */
  #endOf(node: number): number | null {
    if (node === NONE || node < this.#messages || this.#linked[node] === NONE) return node;
    const known = this.#known[node] ?? NONE;
    return known === NONE ? null : known;
  }
}

/** Step 5: one thread of those with the same subject. */
async function mergeSubjects(
  parents: Uint32Array,
  { byDate, subjects, links }: ThreadedMessages,
  turn: () => Promise<void>,
): Promise<Uint32Array> {
  const messages = byDate.length;
  const isDummy = (node: number) => node >= messages;
  const isReply = (node: number) => links.isReplyOrForward[node] === 1; // of no dummy
  const threads = threadsByDate(parents, byDate);
  const rootOf = (eldest: number) => {
    const parent = parents[eldest] ?? NONE;
    return parent === NONE ? eldest : parent;
  };
  await turn();

  /** By subject; of what has none, nobody asks. */
  const table = new Uint32Array(highestOf(subjects) + 1).fill(NONE);
  for (const eldest of threads) {
    const root = rootOf(eldest);
    const subject = subjects[eldest] ?? 0;
    const known = table[subject] ?? NONE;
    if (known === NONE || (!isDummy(known) && (isDummy(root) || (isReply(known) && !isReply(root)))))
      table[subject] = root;
  }
  await turn();

  const merged = new Uint32Array(parents.length + threads.length).fill(NONE);
  merged.set(parents);
  /** Of dummies, those to which their children go. */
  const heirs = new Uint32Array(parents.length).fill(NONE);
  let count = parents.length;
  for (const eldest of threads) {
    const root = rootOf(eldest);
    const subject = subjects[eldest] ?? 0;
    const known = table[subject] ?? NONE;
    if (subject === 0 || known === root) continue;
    if (isDummy(root)) heirs[root] = known;
    else if (isDummy(known) || (isReply(root) && !isReply(known))) merged[root] = known;
    else {
      merged[root] = count;
      merged[known] = count;
      table[subject] = count++;
    }
  }
  await turn();

  for (let message = 0; message < messages; message++) {
    const parent = merged[message] ?? NONE;
    if (parent >= messages && parent < heirs.length && heirs[parent] !== NONE) merged[message] = heirs[parent] ?? NONE;
  }
  return merged;
}

/** Step 4: for each thread its root, or the eldest child of a root that is a dummy; the eldest first. */
function threadsByDate(parents: Uint32Array, byDate: Uint32Array): Uint32Array {
  const threads = new Uint32Array(byDate.length);
  const seen = new Uint8Array(parents.length);
  let count = 0;
  for (const message of byDate) {
    const parent = parents[message] ?? NONE;
    if (parent !== NONE) {
      if (parent < byDate.length || seen[parent] === 1) continue;
      seen[parent] = 1;
    }
    threads[count++] = message;
  }
  return threads.subarray(0, count);
}

export function highestOf(numbers: ArrayLike<number>): number {
  let highest = 0;
  for (let i = 0; i < numbers.length; i++) highest = Math.max(highest, numbers[i] ?? 0);
  return highest;
}

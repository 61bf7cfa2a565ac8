import { NONE } from './growing-trees.ts';

/** The trees that THREAD tells. Nodes below the number of messages are messages, by their place in the search; others stand for none. */
export interface ThreadTrees {
  /** In the order in which they are told. */
  readonly roots: Uint32Array;
  /** Of each node; NONE if it has no child. */
  readonly firstChildren: Uint32Array;
  readonly nextSiblings: Uint32Array;
}

/**
 * Puts siblings, and roots, in the order of dates. A node that is no message is as old as its eldest child, and all children are
 * messages.
 *
 * @param parents of each node; NONE for roots. A node that is no message and has no child is left out
 * @param byDate all messages, the eldest first
 * @param turn lets others have their turn
 */
export async function threadTrees(
  parents: Uint32Array,
  byDate: Uint32Array,
  turn: () => Promise<void>,
): Promise<ThreadTrees> {
  const firstChildren = new Uint32Array(parents.length).fill(NONE);
  const nextSiblings = new Uint32Array(parents.length).fill(NONE);
  const roots = new Uint32Array(parents.length);
  let count = 0;
  // The youngest first: each comes before its siblings that are there already.
  for (let i = byDate.length - 1; i >= 0; i--) {
    const message = byDate[i] ?? 0;
    const parent = parents[message] ?? NONE;
    if (parent === NONE) continue;
    nextSiblings[message] = firstChildren[parent] ?? NONE;
    firstChildren[parent] = message;
  }
  await turn();
  for (const message of byDate) {
    const parent = parents[message] ?? NONE;
    if (parent === NONE) roots[count++] = message;
    else if (parent >= byDate.length && firstChildren[parent] === message) roots[count++] = parent;
  }
  return { roots: roots.subarray(0, count), firstChildren, nextSiblings };
}

/** A step of `walkThreads`: a message, or a character between them. */
export type ThreadStep = number | '(' | ')' | ' ';

/**
 * Compares roots by the dates of the youngest messages below them; of the same date those that are no message come first, then by
 * place.
 *
 * @param dates of the messages, which are the first nodes
 */
export async function rootsByYoungest(
  roots: Uint32Array,
  parents: Uint32Array,
  dates: ArrayLike<number>,
  turn: () => Promise<void>,
): Promise<(a: number, b: number) => number> {
  const rootOf = new Uint32Array(parents.length).fill(NONE);
  for (const root of roots) rootOf[root] = root;
  const youngest = new Float64Array(parents.length).fill(Number.NEGATIVE_INFINITY);
  await turn();
  for (let message = 0; message < dates.length; message++) {
    let root = message;
    while (rootOf[root] === NONE) root = parents[root] ?? NONE;
    root = rootOf[root] ?? NONE;
    for (let at = message; rootOf[at] === NONE; at = parents[at] ?? NONE) rootOf[at] = root;
    youngest[root] = Math.max(youngest[root] ?? 0, dates[message] ?? 0);
  }
  await turn();
  const place = (root: number) => (root < dates.length ? root : -1);
  return (a, b) => (youngest[a] ?? 0) - (youngest[b] ?? 0) || place(a) - place(b) || a - b;
}

/** What the THREAD response says of the trees (RFC 5256 §4), piece by piece. */
export function* walkThreads(
  { roots, firstChildren, nextSiblings }: ThreadTrees,
  messages: number,
): Generator<ThreadStep, void> {
  /** The branches in hand, each within the one before. */
  const branches: number[] = [];
  for (const root of roots) {
    yield '(';
    for (let node: number | null = root; node !== null; ) {
      const isMessage = node < messages;
      if (isMessage) yield node;
      const child: number = firstChildren[node] ?? NONE;
      if (child === NONE) {
        yield ')';
        node = null;
        while (branches.length > 0 && node === null) {
          const next: number = nextSiblings[branches.pop() ?? NONE] ?? NONE;
          if (next === NONE) {
            yield ')';
            continue;
          }
          yield '(';
          branches.push(next);
          node = next;
        }
      } else {
        if (isMessage) yield ' ';
        if (nextSiblings[child] !== NONE) {
          yield '(';
          branches.push(child);
        }
        node = child;
      }
    }
  }
}

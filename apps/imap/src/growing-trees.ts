/** No node. */
export const NONE = 0xffffffff;

/** Steps up that may be taken altogether, for each node, before trees are kept in a form that finds roots at once. */
const STEPS_A_NODE = 32;

/**
 * Trees over numbered nodes, that are linked and cut, and asked for their roots. As a rule the way up is short, and is walked. Whoever
 * makes it long, many times over, is met with link-cut trees, in which a question takes time that grows with the logarithm of the
 * number of nodes.
 */
export class GrowingTrees {
  /** Of each node; NONE for roots. */
  readonly parents: Uint32Array;
  readonly #children: Uint32Array;
  #stepsLeft: number;
  #linkCut: LinkCutTrees | null = null;

  constructor(nodes: number, stepsANode = STEPS_A_NODE) {
    this.parents = new Uint32Array(nodes).fill(NONE);
    this.#children = new Uint32Array(nodes);
    this.#stepsLeft = nodes * stepsANode;
  }

  /** Makes a root the child of a node, unless that is in the root's own tree. */
  link(root: number, parent: number): void {
    if (this.#rootIs(parent, root)) return;
    this.parents[root] = parent;
    this.#children[parent] = (this.#children[parent] ?? 0) + 1;
    this.#linkCut?.link(root, parent);
  }

  /** Makes a node the root of what is below it. */
  cut(node: number): void {
    const parent = this.parents[node] ?? NONE;
    if (parent === NONE) return;
    this.parents[node] = NONE;
    this.#children[parent] = (this.#children[parent] ?? 0) - 1;
    this.#linkCut?.cut(node);
  }

  #rootIs(node: number, root: number): boolean {
    if (node === root) return true;
    if (this.#children[root] === 0) return false;
    if (this.#linkCut !== null) return this.#linkCut.root(node) === root;
    let at = node;
    for (let up = this.parents[at] ?? NONE; up !== NONE; up = this.parents[at] ?? NONE) {
      at = up;
      this.#stepsLeft--;
    }
    if (this.#stepsLeft < 0) this.#linkCut = new LinkCutTrees(this.parents);
    return at === root;
  }
}

/**
 * Link-cut trees (Sleator and Tarjan, "A Data Structure for Dynamic Trees", 1983) over splay trees: each path of a tree that was
 * asked for last is a splay tree ordered by depth, whose topmost node knows the parent of the path.
 */
class LinkCutTrees {
  /** In the splay tree; of its topmost node, the parent of the path. */
  readonly #up: Uint32Array;
  /** Towards the root. */
  readonly #left: Uint32Array;
  readonly #right: Uint32Array;

  /** @param parents of each node; NONE for roots */
  constructor(parents: Uint32Array) {
    this.#up = parents.slice();
    this.#left = new Uint32Array(parents.length).fill(NONE);
    this.#right = new Uint32Array(parents.length).fill(NONE);
  }

  link(root: number, parent: number): void {
    this.#access(root);
    this.#up[root] = parent;
  }

  cut(node: number): void {
    this.#access(node);
    const above = this.#left[node] ?? NONE;
    this.#left[node] = NONE;
    if (above !== NONE) this.#up[above] = NONE;
  }

  root(node: number): number {
    this.#access(node);
    let at = node;
    for (let left = this.#left[at] ?? NONE; left !== NONE; left = this.#left[at] ?? NONE) at = left;
    this.#splay(at);
    return at;
  }

  /** Makes the way from the root to a node one path, and the node the topmost of its splay tree, without anything below it. */
  #access(node: number): void {
    let below = NONE;
    for (let at = node; at !== NONE; at = this.#up[at] ?? NONE) {
      this.#splay(at);
      this.#right[at] = below;
      below = at;
    }
    this.#splay(node);
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const up = this.#up[node] ?? NONE;
      if (!this.#isTop(up)) {
        const over = this.#up[up] ?? NONE;
        const isStraight = (this.#left[up] === node) === (this.#left[over] === up);
        this.#rotate(isStraight ? up : node);
      }
      this.#rotate(node);
    }
  }

  #rotate(node: number): void {
    const up = this.#up[node] ?? NONE;
    const over = this.#up[up] ?? NONE;
    const isTop = this.#isTop(up);
    const [near, far] = this.#left[up] === node ? [this.#left, this.#right] : [this.#right, this.#left];
    const inner = far[node] ?? NONE;
    near[up] = inner;
    if (inner !== NONE) this.#up[inner] = up;
    far[node] = up;
    this.#up[up] = node;
    this.#up[node] = over;
    if (isTop) return;
    if (this.#left[over] === up) this.#left[over] = node;
    else this.#right[over] = node;
  }

  #isTop(node: number): boolean {
    const up = this.#up[node] ?? NONE;
    return up === NONE || (this.#left[up] !== node && this.#right[up] !== node);
  }
}

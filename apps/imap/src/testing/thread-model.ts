/** THREAD=REFERENCES as RFC 5256 §3 tells it, step by step and word by word, however long it takes: for comparing. */

export interface ModelMessage {
  readonly date: number;
  /** The base subject. */
  readonly subject: string;
  readonly isReply: boolean;
  readonly id: string | null;
  readonly references: readonly string[];
}

interface Node {
  readonly message: ModelMessage | null;
  /** Sequence number; 0 for dummies. */
  readonly number: number;
  parent: Node | null;
  children: Node[];
}

export function threadByModel(messages: readonly ModelMessage[]): string {
  const nodes: Node[] = messages.map((message, i) => ({ message, number: i + 1, parent: null, children: [] }));
  const byId = new Map<string, Node>();
  for (const node of nodes) {
    const id = node.message?.id ?? null;
    if (id !== null && !byId.has(id)) byId.set(id, node);
  }
  const all = [...nodes];
  const nodeFor = (id: string): Node => {
    const known = byId.get(id);
    if (known !== undefined) return known;
    const dummy: Node = { message: null, number: 0, parent: null, children: [] };
    byId.set(id, dummy);
    all.push(dummy);
    return dummy;
  };

  // Step 1.
  for (const node of nodes) {
    let before: Node | null = null;
    for (const id of node.message?.references ?? []) {
      const referred = nodeFor(id);
      if (before !== null && referred.parent === null) adopt(referred, before);
      before = referred;
    }
    orphan(node);
    if (before !== null) adopt(node, before);
  }

  // Steps 2 and 3.
  let roots = all.filter(({ parent }) => parent === null);
  const prune = (node: Node): Node[] => {
    node.children = node.children.flatMap(prune);
    for (const child of node.children) child.parent = node;
    if (node.message !== null) return [node];
    return node.parent === null && node.children.length > 1 ? [node] : node.children;
  };
  roots = roots.flatMap(prune);
  for (const root of roots) root.parent = null;

  // Step 4.
  const sortChildren = (node: Node) => node.children.sort(byDate);
  for (const root of roots) if (root.message === null) sortChildren(root);
  roots.sort(byDate);

  // Step 5.
  const table = new Map<string, Node>();
  const subjectOf = (node: Node): string => (node.message ?? node.children[0]?.message)?.subject ?? '';
  for (const root of roots) {
    const subject = subjectOf(root);
    if (subject === '') continue;
    const known = table.get(subject);
    if (known === undefined) table.set(subject, root);
    else if (known.message !== null && (root.message === null || (known.message.isReply && !root.message.isReply)))
      table.set(subject, root);
  }
  for (const root of [...roots]) {
    const subject = subjectOf(root);
    const known = table.get(subject);
    if (subject === '' || known === undefined || known === root) continue;
    if (known.message === null && root.message === null) {
      known.children.push(...root.children);
      roots.splice(roots.indexOf(root), 1);
    } else if (known.message === null || (root.message?.isReply && !known.message.isReply)) {
      known.children.push(root);
      roots.splice(roots.indexOf(root), 1);
    } else {
      const dummy: Node = { message: null, number: 0, parent: null, children: [known, root] };
      roots.splice(roots.indexOf(known), 1, dummy);
      roots.splice(roots.indexOf(root), 1);
      table.set(subject, dummy);
    }
  }

  // Step 6.
  const sort = (node: Node) => {
    node.children.forEach(sort);
    sortChildren(node);
  };
  roots.forEach(sort);
  roots.sort(byDate);
  return roots.map((root) => `(${show(root)})`).join('');
}

function adopt(child: Node, parent: Node): void {
  for (let at: Node | null = parent; at !== null; at = at.parent) if (at === child) return;
  child.parent = parent;
  parent.children.push(child);
}

function orphan(node: Node): void {
  node.parent?.children.splice(node.parent.children.indexOf(node), 1);
  node.parent = null;
}

function byDate(one: Node, other: Node): number {
  const [a, b] = [one.message ?? one.children[0]?.message, other.message ?? other.children[0]?.message];
  return (a?.date ?? 0) - (b?.date ?? 0) || numberOf(one) - numberOf(other);
}

const numberOf = (node: Node): number => (node.message === null ? (node.children[0]?.number ?? 0) : node.number);

/** RFC 5256 §4. */
function show(node: Node): string {
  const [only, ...others] = node.children;
  const own = node.message === null ? '' : String(node.number);
  if (only === undefined) return own;
  if (others.length === 0) return `${own} ${show(only)}`;
  return `${own}${own === '' ? '' : ' '}${node.children.map((child) => `(${show(child)})`).join('')}`;
}

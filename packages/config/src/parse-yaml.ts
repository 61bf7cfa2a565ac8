import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { nameOf, type SettingPath, SettingReader } from './setting-reader.ts';

/** Something in a file that has to be changed. */
export interface YamlProblem {
  readonly line: number;
  /** Names the key: `imap.processes must be a whole number from 1 to 16`. */
  readonly message: string;
}

/**
 * Reads a text in YAML that has one document, and no keys but those that are read.
 *
 * @returns no value if there is any problem, and then all problems, in the order of their lines
 */
export function parseYaml<Value>(
  text: string,
  read: (root: SettingReader) => Value,
): { readonly value: Value | null; readonly problems: readonly YamlProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems: YamlProblem[] = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line,
    message: message.replaceAll(/\s+/g, ' '),
  }));
  for (const offset of repeatedKeys(document)) {
    problems.push({ line: lines.linePos(offset).line, message: 'Map keys must be unique' });
  }
  if (problems.length > 0) return { value: null, problems };

  const add = (path: SettingPath, message: string) =>
    problems.push({ line: lineOf(document, path, lines), message: `${nameOf(path)} ${message}` });
  const root = new SettingReader(contentsOf(document, add) ?? {}, [], add);
  const value = read(root);
  for (const { path, known } of root.strangers())
    add(path, `is no key of Postel${suggestion(String(path.at(-1)), known)}`);
  if (problems.length === 0) return { value, problems };
  return { value: null, problems: problems.toSorted((a, b) => a.line - b.line) };
}

/** Where keys stand that their map has already. The parser would compare each with all others: 100,000 take it minutes. */
function* repeatedKeys(document: Document.Parsed): Generator<number> {
  const waiting: unknown[] = [document.contents];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isSeq(node)) for (const item of node.items) if (item !== null && item !== undefined) waiting.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      if (value !== null && value !== undefined) waiting.push(value);
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (seen.has(name)) yield key.range?.[0] ?? 0;
      seen.add(name);
    }
  }
}

function contentsOf(document: Document.Parsed, add: (path: SettingPath, message: string) => void): unknown {
  try {
    // An alias can make a small file huge, and nothing here is said twice.
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    add([], 'cannot be read: aliases (*name) are not understood here');
    return {};
  }
}

/** Where the key stands; for one that is missing, where what should hold it begins. */
function lineOf(document: Document.Parsed, path: SettingPath, lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== null) return lines.linePos(offset).line;
  }
  return 1;
}

function offsetOf(document: Document.Parsed, path: SettingPath): number | null {
  const name = path.at(-1);
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    return isScalar(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function suggestion(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => isNear(candidate.toLowerCase(), name.toLowerCase()));
  if (near !== undefined) return `; did you mean ${near}?`;
  return known.length === 0 ? '' : `; there are ${known.toSorted().join(', ')}`;
}

/** At most two letters are wrong, missing or too many. */
function isNear(a: string, b: string): boolean {
  const longest = Math.max(a.length, b.length);
  if (longest > 64 || Math.abs(a.length - b.length) > 2) return false;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return (previous[b.length] ?? longest) <= Math.min(2, longest / 2);
}

import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';

interface RichProps {
  /** Of the catalogue: with `<name>text</name>` around what leads somewhere, and `{name}` where something is put in. */
  readonly text: string;
  /** What becomes of each; it is given the text between the marks. */
  readonly parts: Readonly<Record<string, (inner: string) => ComponentChildren>>;
}

const MARK = /<(\w+)>([^<]*)<\/\1>|\{(\w+)\}/g;

/** A sentence with links or names in it, whose order is the language's. */
export function Rich({ text, parts }: RichProps) {
  const shown: ComponentChildren[] = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const [whole, around, inner = '', place] = match;
    const part = parts[around ?? place ?? ''];
    shown.push(text.slice(end, match.index));
    shown.push(part === undefined ? inner : part(inner));
    end = match.index + whole.length;
  }
  shown.push(text.slice(end));
  return (
    <>
      {shown.map((part, i) => (
        <Fragment key={i}>{part}</Fragment>
      ))}
    </>
  );
}

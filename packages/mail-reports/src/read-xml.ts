import { setImmediate as turn } from 'node:timers/promises';
import sax from 'sax';
import { XML_ATTRIBUTES, XML_DEPTH, XML_ELEMENTS, XML_PIECE_CHARACTERS, XML_TEXT_CHARACTERS } from './limits.ts';
import { ReportError } from './report-error.ts';

/** An element: its text without that of elements inside it, and these, in order. Attributes say nothing in reports. */
export interface XmlElement {
  /** Without the prefix of a namespace. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads XML without a document type: there are no entities but the five of XML itself and characters by number, so nothing grows
 * and nothing is fetched. It is read in pieces, between which others have their turn.
 *
 * @throws {ReportError}
 */
export async function readXml(text: string): Promise<XmlElement> {
  // It looks at how long names and the like have grown where it counts positions alone.
  const parser = sax.parser(true, { position: true });
  const open: OpenElement[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  let attributes = 0;
  parser.onerror = (error) => {
    throw new ReportError(`It is no XML: ${error.message.split('\n', 1)[0]}`);
  };
  parser.ondoctype = () => {
    throw new ReportError('Its XML has a document type, which reports have no use for');
  };
  parser.onopentag = ({ name }) => {
    elements++;
    if (elements > XML_ELEMENTS) throw new ReportError(`Its XML has more than ${XML_ELEMENTS} elements`);
    if (open.length >= XML_DEPTH) throw new ReportError(`Its XML is more than ${XML_DEPTH} levels deep`);
    open.push({ name: name.slice(name.indexOf(':') + 1), text: '', children: [] });
  };
  parser.onattribute = () => {
    attributes++;
    if (attributes > XML_ATTRIBUTES) throw new ReportError(`Its XML has more than ${XML_ATTRIBUTES} attributes`);
  };
  const take = (piece: string) => {
    const element = open.at(-1);
    if (element !== undefined && element.text.length < XML_TEXT_CHARACTERS) {
      element.text += piece.slice(0, XML_TEXT_CHARACTERS - element.text.length);
    }
  };
  parser.ontext = take;
  parser.oncdata = take;
  parser.onclosetag = () => {
    const closed = open.pop();
    if (closed === undefined) return;
    const parent = open.at(-1);
    if (parent === undefined) root ??= closed;
    else parent.children.push(closed);
  };
  for (let at = 0; at < text.length; at += XML_PIECE_CHARACTERS) {
    if (at > 0) await turn();
    parser.write(text.slice(at, at + XML_PIECE_CHARACTERS));
  }
  parser.close();
  if (root === null) throw new ReportError('It is no XML: there is no element');
  return root;
}

/** The first element of that name inside another. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first element of that name inside another, without spaces around it; '' if there is none. */
export function textOf(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text.trim() ?? '';
}

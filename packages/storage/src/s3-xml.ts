/**
 * The little that S3's answers need of XML: elements without attributes, nested one or two deep, found by name. Names of ours
 * hold no markup; what others put into a bucket is found by its key, with entities undone.
 */

/** The texts between `<name>` and `</name>`, markup and all. */
export function elementsOf(xml: string, name: string): readonly string[] {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const found: string[] = [];
  for (let at = xml.indexOf(open); at >= 0; at = xml.indexOf(open, at)) {
    const start = at + open.length;
    const end = xml.indexOf(close, start);
    if (end < 0) break;
    found.push(xml.slice(start, end));
    at = end + close.length;
  }
  return found;
}

/** The text of the first such element; null if there is none. */
export function textOf(xml: string, name: string): string | null {
  const [text] = elementsOf(xml, name);
  return text?.replaceAll(/&(lt|gt|quot|apos|amp);|&#x?([0-9a-f]+);/gi, decodeEntity) ?? null;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decodeEntity(entity: string, name: string | undefined, digits: string | undefined): string {
  if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? entity;
  const code = Number.parseInt(digits ?? '', entity.startsWith('&#x') ? 16 : 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

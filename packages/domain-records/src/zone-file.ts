import type { DomainRecord } from './record.ts';

const TTL_SECONDS = 3_600;
/** Of one string of a TXT record: RFC 1035 §3.3. */
const STRING_OCTETS = 255;
const COMMENT_CHARACTERS = 110;

/** The last word of their values is a name. */
const NAMING: readonly DomainRecord['type'][] = ['CNAME', 'MX', 'PTR', 'SRV'];

/** A record in a line of a zone file: RFC 1035 §5.1. */
export function zoneLine({ name, type, value }: Pick<DomainRecord, 'name' | 'type' | 'value'>): string {
  const data = type === 'TXT' ? quoted(value) : NAMING.includes(type) ? `${value}.` : value;
  return `${name}. ${TTL_SECONDS} IN ${type} ${data}`;
}

/** Records for a zone file, each below a comment that says what it is for; one with a condition is commented out. */
export function formatZone(records: readonly DomainRecord[]): string {
  const entries = records.map((record) => {
    const { why, condition } = record;
    return condition === null
      ? `${comment(why)}\n${zoneLine(record)}\n`
      : `${comment(`${why} ${condition}`)}\n;${zoneLine(record)}\n`;
  });
  return entries.join('\n');
}

/** Strings of 255 octets, which readers join: RFC 6376 §3.6.2.2, RFC 7208 §3.3. */
function quoted(text: string): string {
  const strings: string[] = [];
  for (let at = 0; at === 0 || at < text.length; at += STRING_OCTETS) strings.push(text.slice(at, at + STRING_OCTETS));
  return strings.map((string) => `"${string.replace(/["\\]/g, '\\$&')}"`).join(' ');
}

function comment(text: string): string {
  let lines = '';
  let line = ';';
  for (const word of text.split(' ')) {
    if (line.length + word.length >= COMMENT_CHARACTERS) {
      lines += `${line}\n`;
      line = ';';
    }
    line += ` ${word}`;
  }
  return lines + line;
}

import { HIERARCHY_DELIMITER } from '@postel/storage';

/**
 * Whether a mailbox name matches a LIST pattern (RFC 9051 §6.3.9): `*` stands for anything, `%` for anything but the
 * delimiter; INBOX is matched in any case. At most name times pattern steps, whatever the wildcards.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  const isInbox = name === 'INBOX';
  // reached[i]: the pattern so far can end before character i of the name.
  let reached = new Uint8Array(name.length + 1);
  reached[0] = 1;
  for (const wanted of pattern) {
    const next = new Uint8Array(name.length + 1);
    let open = false; // a wildcard began at or before here and may go on
    for (let i = 0; i <= name.length; i++) {
      if (wanted === '*' || wanted === '%') {
        if (wanted === '%' && i > 0 && name[i - 1] === HIERARCHY_DELIMITER) open = false;
        open ||= reached[i] === 1;
        if (open) next[i] = 1;
      } else if (i < name.length && reached[i] === 1 && isSame(name[i], wanted, isInbox)) {
        next[i + 1] = 1;
      }
    }
    reached = next;
  }
  return reached[name.length] === 1;
}

function isSame(character: string | undefined, wanted: string, isInbox: boolean): boolean {
  return character === wanted || (isInbox && character === wanted.toUpperCase());
}

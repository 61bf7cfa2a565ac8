import { domainToASCII } from 'node:url';
import { canonicalName } from './records.ts';

const LABEL_OCTETS = 63;
const NAME_OCTETS = 253;

/**
 * A name as it can be asked for (RFC 1035 §2.3.4): in lower case, labels of other scripts as A-labels (RFC 5891 §4.4). Null
 * if no such name can exist.
 */
export function queryName(name: string): string | null {
  const labels = canonicalName(name).split('.').map(toAsciiLabel);
  const asked = labels.join('.');
  if (asked.length > NAME_OCTETS || labels.some((label) => label.length === 0 || label.length > LABEL_OCTETS))
    return null;
  return asked;
}

/** ASCII stays as it is: `_dmarc`, and what macros of SPF make, are no host names. */
function toAsciiLabel(label: string): string {
  if (/^[\x00-\x7f]*$/.test(label)) return label;
  return domainToASCII(label);
}

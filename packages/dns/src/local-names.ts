import type { Response } from './read-response.ts';
import type { RecordType } from './records.ts';

const LOOPBACK_IPV4 = '1.0.0.127.in-addr.arpa';
const LOOPBACK_IPV6 = `1.${'0.'.repeat(31)}ip6.arpa`;

/**
 * What needs no server: `localhost` and all below it is this machine (RFC 6761 §6.3), and so are the names of its loopback
 * addresses (RFC 6303 §4.1), whatever a resolver would say.
 *
 * @param name in lower case; null for a name that is not local
 */
export function lookUpLocalName(name: string, type: RecordType): Response | null {
  if (name === 'localhost' || name.endsWith('.localhost')) {
    if (type === 'A') return { kind: 'found', answers: [{ name, type, data: '127.0.0.1' }], authentic: false };
    if (type === 'AAAA') return { kind: 'found', answers: [{ name, type, data: '::1' }], authentic: false };
    return { kind: 'nodata', authentic: false };
  }
  if (name === LOOPBACK_IPV4 || name === LOOPBACK_IPV6) {
    if (type === 'PTR') return { kind: 'found', answers: [{ name, type, data: 'localhost' }], authentic: false };
    return { kind: 'nodata', authentic: false };
  }
  return name.endsWith('.127.in-addr.arpa') ? { kind: 'nxdomain', authentic: false } : null;
}

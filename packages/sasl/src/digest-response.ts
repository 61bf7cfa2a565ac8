import { isUtf8 } from 'node:buffer';
import { parseIdentity } from './credential-text.ts';
import { parseDirectives } from './digest-directives.ts';

/** A digest-response (RFC 2831 §2.1.2). What is hashed as it came has a character an octet. */
export interface DigestResponse {
  readonly authenticationIdentity: string;
  /** Empty if there is none. */
  readonly authorizationIdentity: string;
  /** The same as it came; null if there is none, which hashes otherwise than an empty one. */
  readonly authzid: string | null;
  readonly realm: string;
  readonly nonce: string;
  readonly nonceCount: string;
  readonly cnonce: string;
  readonly qop: string;
  readonly digestUri: string;
  /** Parts of the digest-uri, in lower case. */
  readonly serviceType: string;
  readonly host: string;
  /** 32 hexadecimal digits. */
  readonly proof: string;
}

/** RFC 2831 §2.1.2: less than 4,096 octets. */
const MAX_RESPONSE_OCTETS = 4_095;
const NAMES: ReadonlySet<string> = new Set([
  'username',
  'realm',
  'nonce',
  'cnonce',
  'nc',
  'qop',
  'digest-uri',
  'response',
  'maxbuf',
  'charset',
  'cipher',
  'authzid',
]);
const NONCE_COUNT = /^[0-9a-f]{8}$/;
const PROOF = /^[0-9a-f]{32}$/;
const DIGEST_URI = /^([A-Za-z]+)\/([A-Za-z0-9.-]+)(?:\/[A-Za-z0-9.-]+)?$/;

/** @returns null if it breaks the grammar, lacks something, or asks for a quality of protection other than `auth` */
export function parseDigestResponse(octets: Buffer): DigestResponse | null {
  const directives = octets.length <= MAX_RESPONSE_OCTETS ? parseDirectives(octets, NAMES) : null;
  if (directives === null) return null;
  // We offer a realm, so that a client must name one.
  const realm = directives.get('realm');
  const nonce = directives.get('nonce');
  const nonceCount = directives.get('nc') ?? '';
  const cnonce = directives.get('cnonce') ?? '';
  const qop = directives.get('qop') ?? 'auth';
  const digestUri = directives.get('digest-uri') ?? '';
  const proof = directives.get('response') ?? '';
  const [, serviceType, host] = DIGEST_URI.exec(digestUri)?.map((part) => part?.toLowerCase()) ?? [];
  if (realm === undefined || nonce === undefined || cnonce === '') return null;
  if (serviceType === undefined || host === undefined || qop.toLowerCase() !== 'auth') return null;
  if (!NONCE_COUNT.test(nonceCount) || !PROOF.test(proof)) return null;

  const authenticationIdentity = decode(directives.get('username') ?? '', directives.get('charset'));
  const authzid = directives.get('authzid') ?? null;
  const authorizationIdentity = authzid === null || authzid === '' ? '' : decode(authzid, 'utf-8');
  if (authenticationIdentity === null || authorizationIdentity === null) return null;
  return {
    authenticationIdentity,
    authorizationIdentity,
    authzid,
    realm,
    nonce,
    nonceCount,
    cnonce,
    qop,
    digestUri,
    serviceType,
    host,
    proof,
  };
}

/** @param octets a character an octet. @param charset of the name; without, it is in ISO 8859-1 (RFC 2831 §2.1.2) */
function decode(octets: string, charset: string | undefined): string | null {
  if (charset === undefined) return parseIdentity(Buffer.from(octets));
  const bytes = Buffer.from(octets, 'latin1');
  return charset.toLowerCase() === 'utf-8' && isUtf8(bytes) ? parseIdentity(bytes) : null;
}

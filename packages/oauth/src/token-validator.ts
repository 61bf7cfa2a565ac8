import type { OAuthIssuer } from '@postel/config';
import type { BearerRefusal } from '@postel/sasl';
import type { JWTVerifyResult } from 'jose';
import { JOSEError, JWTClaimValidationFailed } from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { configurationUrl } from './configuration-url.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { DOCUMENT_TIMEOUT_MS, MAX_ADDRESS_OCTETS, MAX_CLOCK_SKEW_S, MAX_TOKEN_OCTETS } from './limits.ts';
import { ProviderError } from './provider-error.ts';

/** What is wrong with a token, for the operator: the client only hears what RFC 7628 §3.2.2 has a word for. */
export type TokenFault =
  | 'malformed'
  | 'unknown issuer'
  | 'algorithm'
  | 'unknown key'
  | 'signature'
  | 'type'
  | 'audience'
  | 'expired'
  | 'not yet valid'
  | 'bound to a key'
  | 'scope'
  | 'no address'
  | 'unverified address';

export type TokenOutcome =
  | {
      readonly type: 'accepted';
      /** What the issuer says: whether it is an address, and whose, is for the directory to know. */
      readonly address: string;
      readonly issuer: string;
      /** How the issuer itself names whose token it is; null if it does not say. */
      readonly subject: string | null;
      /** From then on the token is refused. */
      readonly expiresAt: Date;
      /** To be told if the address is of nobody here. */
      readonly refusal: BearerRefusal;
    }
  | { readonly type: 'refused'; readonly fault: TokenFault; readonly refusal: BearerRefusal }
  /** The issuer's keys cannot be had: the same token may be right later. */
  | { readonly type: 'unavailable'; readonly error: ProviderError };

export interface TokenValidatorOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Monotonic milliseconds. */
  readonly elapsedMs?: () => number;
  /** For each document of an issuer. */
  readonly timeoutMs?: number;
}

/** Who signs with a secret that both sides know could be anybody who knows it: public keys alone (RFC 8725 §3.1). */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'EdDSA', 'Ed25519'], // RFC 8037, RFC 9864
];

/** Of an access token (RFC 9068 §2.1), or of whatever JWT: most issuers write that. Never those of other uses of JWT. */
const TYPES: ReadonlySet<string> = new Set(['jwt', 'application/jwt', 'at+jwt', 'application/at+jwt']);

/** 8.64e15 ms are the end of Date. */
const LAST_SECOND = 8.64e12;

interface TrustedIssuer {
  readonly settings: OAuthIssuer;
  readonly keys: IssuerKeys;
}

/** Checks bearer tokens (RFC 6750) that are JWTs (RFC 7519) of configured issuers. It holds no token, and logs none. */
export class TokenValidator {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly #now: () => number;

  constructor(
    issuers: readonly OAuthIssuer[],
    {
      now = Date.now,
      elapsedMs = () => performance.now(),
      timeoutMs = DOCUMENT_TIMEOUT_MS,
    }: TokenValidatorOptions = {},
  ) {
    this.#now = now;
    this.#issuers = new Map(
      issuers.map((settings) => {
        return [settings.issuer, { settings, keys: new IssuerKeys(settings.issuer, { elapsedMs, timeoutMs }) }];
      }),
    );
  }

  async validate(token: string): Promise<TokenOutcome> {
    // No one's word yet: it only says which of the issuers that we trust has to confirm it.
    const claimed = claimedIssuer(token);
    const trusted = claimed === null ? undefined : this.#issuers.get(claimed);
    if (trusted === undefined) {
      const [first] = this.#issuers.values();
      return refused(claimed === null ? 'malformed' : 'unknown issuer', first?.settings ?? null);
    }
    const { settings, keys } = trusted;
    const now = Math.floor(this.#now() / 1_000);
    try {
      const verified = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
        algorithms: ALGORITHMS,
        issuer: settings.issuer,
        audience: settings.audience,
        requiredClaims: ['exp'],
        clockTolerance: MAX_CLOCK_SKEW_S,
        currentDate: new Date(now * 1_000),
      });
      return judge(verified, settings, now);
    } catch (error) {
      if (error instanceof ProviderError) return { type: 'unavailable', error };
      if (error instanceof JOSEError) return refused(faultOf(error), settings);
      throw error;
    }
  }
}

function claimedIssuer(token: string): string | null {
  if (Buffer.byteLength(token) > MAX_TOKEN_OCTETS || !token.split('.').every(isBase64url)) return null;
  try {
    return decodeJwt(token).iss ?? null;
  } catch (error) {
    if (error instanceof JOSEError) return null;
    throw error;
  }
}

/** Unpadded, without line breaks and stray bits (RFC 7515 §2): the library forgives them. */
function isBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}

/** Of a token that the issuer has signed, for us, and for now. */
function judge({ payload, protectedHeader }: JWTVerifyResult, settings: OAuthIssuer, now: number): TokenOutcome {
  const { exp = 0, iat = now, iss, sub } = payload;
  const claims = new Map<string, unknown>(Object.entries(payload));
  if (!isAccessTokenType(protectedHeader.typ)) return refused('type', settings);
  if (iat > now + MAX_CLOCK_SKEW_S) return refused('not yet valid', settings);
  if (exp > LAST_SECOND) return refused('malformed', settings);
  // Whoever presents it would have to prove that they have that key (RFC 7800 §3): no SASL mechanism lets them.
  if (claims.has('cnf')) return refused('bound to a key', settings);
  if (settings.scope !== null && !scopesOf(claims).includes(settings.scope)) return refused('scope', settings);

  const address = claims.get(settings.addressClaim);
  if (typeof address !== 'string' || address === '') return refused('no address', settings);
  if (Buffer.byteLength(address) > MAX_ADDRESS_OCTETS) return refused('no address', settings);
  if (settings.addressClaim === 'email' && isUnverified(claims)) return refused('unverified address', settings);
  return {
    type: 'accepted',
    address,
    issuer: iss ?? settings.issuer,
    subject: typeof sub === 'string' ? sub : null,
    expiresAt: new Date((exp + MAX_CLOCK_SKEW_S) * 1_000),
    refusal: refusalOf('no address', settings),
  };
}

function isAccessTokenType(typ: unknown): boolean {
  return typ === undefined || (typeof typ === 'string' && TYPES.has(typ.toLowerCase()));
}

/** OpenID Connect Core 1.0 §5.1; some issuers write it as a text. An issuer that does not say is taken at its word. */
function isUnverified(claims: ReadonlyMap<string, unknown>): boolean {
  const verified = claims.get('email_verified');
  return verified !== undefined && verified !== true && verified !== 'true';
}

/** `scope` of RFC 8693 §4.2; elsewhere `scp`, a text or a list. */
function scopesOf(claims: ReadonlyMap<string, unknown>): readonly unknown[] {
  return [claims.get('scope'), claims.get('scp')].flatMap((scopes) =>
    typeof scopes === 'string' ? scopes.split(' ') : Array.isArray(scopes) ? scopes : [],
  );
}

const FAULTS: ReadonlyMap<string, TokenFault> = new Map([
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'unknown key'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature'],
  ['ERR_JWT_EXPIRED', 'expired'],
]);

const CLAIM_FAULTS: ReadonlyMap<string, TokenFault> = new Map([
  ['aud', 'audience'],
  ['nbf', 'not yet valid'],
]);

function faultOf(error: JOSEError): TokenFault {
  if (error instanceof JWTClaimValidationFailed) return CLAIM_FAULTS.get(error.claim) ?? 'malformed';
  return FAULTS.get(error.code) ?? 'malformed';
}

function refused(fault: TokenFault, settings: OAuthIssuer | null): TokenOutcome {
  return { type: 'refused', fault, refusal: refusalOf(fault, settings) };
}

function refusalOf(fault: TokenFault, settings: OAuthIssuer | null): BearerRefusal {
  return {
    status: fault === 'scope' ? 'insufficient_scope' : 'invalid_token',
    scope: settings?.scope ?? null,
    openidConfiguration: settings === null ? null : configurationUrl(settings.issuer),
  };
}

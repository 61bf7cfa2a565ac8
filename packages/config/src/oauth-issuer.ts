import type { SettingReader } from './setting-reader.ts';

/** Whose access tokens log people in (RFC 7628). */
export interface OAuthIssuer {
  /** Its identifier as its tokens and its configuration have it, to the letter (RFC 8414 §2). */
  readonly issuer: string;
  /** Whom the tokens are for: one of their `aud` (RFC 7519 §4.1.3). */
  readonly audience: string;
  /** The claim that has the person's address. */
  readonly addressClaim: string;
  /** A scope that tokens must have; null if none. */
  readonly scope: string | null;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether what comes from there is what its owner sent: `https:`, or `http:` on this machine, for tests. */
export function isProviderUrl(url: URL): boolean {
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

/** @throws {SettingsError} */
export function parseOAuthIssuer(settings: SettingReader): OAuthIssuer {
  return {
    issuer: settings.at('issuer').text(),
    audience: settings.at('audience').text(),
    addressClaim: settings.at('addressClaim').text(),
    scope: settings.at('scope').orNull((scope) => scope.text()),
  };
}

import { isProviderUrl, type OAuthIssuer } from './oauth-issuer.ts';
import type { SettingReader } from './setting-reader.ts';

/** OpenID Connect Core 1.0 §5.1. */
const USUAL_ADDRESS_CLAIM = 'email';
/** RFC 6749 §3.3: one scope, of which a token has a list with spaces. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** `login.oauth`. */
export function readOAuthIssuers(login: SettingReader): readonly OAuthIssuer[] {
  if (!login.has('oauth')) return [];
  const known = new Set<string>();
  return login.at('oauth').list((setting) => {
    const issuer = readIssuer(setting.at('issuer'));
    if (issuer !== '' && known.has(issuer)) setting.at('issuer').refuse('is in the list twice');
    known.add(issuer);
    return {
      issuer,
      audience: setting.at('audience').text(),
      addressClaim: setting.has('addressClaim') ? setting.at('addressClaim').text() : USUAL_ADDRESS_CLAIM,
      scope: setting.has('scope') ? readScope(setting.at('scope')) : null,
    };
  });
}

/** A URL without query or fragment (RFC 8414 §2), kept as it was written: it is compared to the letter. */
function readIssuer(setting: SettingReader): string {
  const text = setting.text();
  if (text === '') return '';
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !isProviderUrl(url) || /[?#\s]/.test(text)) {
    setting.refuse('must be an https: URL, as your provider writes its "issuer"; http: only on this machine');
  }
  return text;
}

function readScope(setting: SettingReader): string {
  const text = setting.text();
  if (text !== '' && !SCOPE.test(text)) setting.refuse('must be one scope, without spaces');
  return text;
}

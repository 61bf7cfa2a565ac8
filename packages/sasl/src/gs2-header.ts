import { parseIdentity } from './credential-text.ts';

/** What the client knows of channel binding (RFC 5801 §4): nothing, or that we do not, or of which type its own is. */
export type BindingFlag =
  | { readonly type: 'n' }
  | { readonly type: 'y' }
  | { readonly type: 'p'; readonly bindingType: string };

export interface Gs2Header {
  /** As it came, both commas included: what SCRAM's `c=` repeats. */
  readonly text: string;
  readonly flag: BindingFlag;
  /** Empty if the client asked for none. */
  readonly authorizationIdentity: string;
}

const BINDING_TYPE = /^p=[A-Za-z0-9.-]{1,64}$/;

/**
 * The GS2 header that a message begins with, `gs2-cbind-flag "," [authzid] ","`, without the `F` of mechanisms that are
 * no GSS-API tokens: RFC 5801 §4, RFC 5802 §7.
 *
 * @returns null if there is none
 */
export function parseGs2Header(message: string): Gs2Header | null {
  const endOfFlag = message.indexOf(',');
  const end = message.indexOf(',', endOfFlag + 1);
  if (endOfFlag === -1 || end === -1) return null;

  const flag = parseBindingFlag(message.slice(0, endOfFlag));
  const authorizationIdentity = parseAuthorizationIdentity(message.slice(endOfFlag + 1, end));
  if (flag === null || authorizationIdentity === null) return null;
  return { text: message.slice(0, end + 1), flag, authorizationIdentity };
}

/** `saslname` (RFC 5801 §4): a comma is written `=2C`, an equals sign `=3D`. No other escape exists. */
export function parseSaslName(text: string): string | null {
  if (/,|=(?!2C|3D)/.test(text)) return null;
  return parseIdentity(Buffer.from(text.replaceAll('=2C', ',').replaceAll('=3D', '=')));
}

function parseBindingFlag(text: string): BindingFlag | null {
  if (text === 'n' || text === 'y') return { type: text };
  return BINDING_TYPE.test(text) ? { type: 'p', bindingType: text.slice('p='.length) } : null;
}

function parseAuthorizationIdentity(text: string): string | null {
  if (text === '') return '';
  return text.startsWith('a=') ? parseSaslName(text.slice('a='.length)) : null;
}

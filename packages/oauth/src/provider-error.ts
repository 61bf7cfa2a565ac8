/**
 * What a token is checked against cannot be had from its issuer now, or cannot be used. Nothing is known of the token: the
 * same one may be right later. The message is for the operator.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
}

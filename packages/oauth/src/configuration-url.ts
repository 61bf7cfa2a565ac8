/** Where an issuer's configuration is: OpenID Connect Discovery 1.0 §4, kept by RFC 8414 §5. */
export function configurationUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

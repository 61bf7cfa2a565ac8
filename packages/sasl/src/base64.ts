/** The longest response a server must take, in base64 (RFC 4954 §4). Ours ends there too. */
export const MAX_ENCODED_RESPONSE_OCTETS = 12_288;

/**
 * Decodes the base64 of a SASL response strictly: standard alphabet, padded, no line breaks, no stray bits in the last
 * digit (RFC 4648 §3.5), at most {@link MAX_ENCODED_RESPONSE_OCTETS}. The empty string is an empty response.
 *
 * `*` (cancel) and an initial response of `=` (empty) are the protocol's, not base64's: the caller looks for them first.
 *
 * @returns null if it is not base64 or too long
 */
export function decodeBase64(text: string): Buffer | null {
  if (text.length > MAX_ENCODED_RESPONSE_OCTETS) return null;
  const octets = Buffer.from(text, 'base64');
  // The decoder forgives everything; only canonical base64 comes back as it was.
  return octets.toString('base64') === text ? octets : null;
}

/** `saslname` (RFC 5801 §4): commas and equals signs separate, and are written otherwise in a name. */
export function saslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

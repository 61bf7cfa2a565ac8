/** For people who wonder about the message. Reasons are printable, and have no semicolon. */
export function reasonsField(name: string, reasons: readonly string[]): string {
  return `${name}: ${reasons.join(';\r\n\t')}\r\n`;
}

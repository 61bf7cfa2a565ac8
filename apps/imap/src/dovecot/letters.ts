/** A short message with this subject. */
export function letter(subject: string): string {
  return `Subject: ${subject}\r\n\r\nx\r\n`;
}

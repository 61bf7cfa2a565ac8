const ANNOUNCED = /(?:^|[\]:] ?)report +domain:/i;

/**
 * Whether a message says that it is an aggregate report: by its Subject, which RFC 7489 §7.2.1.1 and RFC 8460 §5.3 lay down.
 *
 * @param subject decoded, on one line
 */
export function announcesReport(subject: string): boolean {
  return ANNOUNCED.test(subject);
}

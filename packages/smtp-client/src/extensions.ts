import type { SmtpReply } from './reply-parser.ts';

/** What an EHLO reply offers, in upper case, with what stands behind each keyword: RFC 5321 §4.1.1.1. */
export function extensionsOf({ lines }: SmtpReply): ReadonlyMap<string, string> {
  return new Map(
    lines.slice(1).map((line) => {
      const [keyword = '', ...parameters] = line.split(' ');
      return [keyword.toUpperCase(), parameters.join(' ')];
    }),
  );
}

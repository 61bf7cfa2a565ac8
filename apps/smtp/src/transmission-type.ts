import type { Session } from './session.ts';

/** The `with` clause of Received: RFC 3848, RFC 6531 §4.3. */
export function transmissionType({ greeting, wire, account }: Session, isUtf8: boolean): string {
  if (greeting === null || greeting.verb === 'HELO') return 'SMTP';
  const suffix = `${wire.tls === null ? '' : 'S'}${account === null ? '' : 'A'}`;
  if (isUtf8) return `UTF8${greeting.verb === 'LHLO' ? 'LMTP' : 'SMTP'}${suffix}`;
  return `${greeting.verb === 'LHLO' ? 'LMTP' : 'ESMTP'}${suffix}`;
}

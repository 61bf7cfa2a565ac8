import type { QueuedMessage } from '@postel/queue';
import { failed, type Outcome } from './outcome.ts';

/** What a connection has to be like before MAIL is said on it. */
export type TlsDemand =
  /** Under TLS where the other side offers it, whoever it is (RFC 7435); else in the clear. */
  | { readonly type: 'opportunistic' }
  /** With a certificate for the host's name, of an authority that Node.js knows, and an offer of REQUIRETLS: RFC 8689 §4.2.1. */
  | { readonly type: 'required' };

export interface HostInQuestion {
  readonly domain: string;
  /** One of its MX hosts. */
  readonly host: string;
  /** DNSSEC says that it is one. */
  readonly isAuthentic: boolean;
}

/** Decides, for a host and before it is connected to. It will not do if that is certain by then. */
export async function decideTls(
  { envelope }: QueuedMessage,
  { domain, isAuthentic }: HostInQuestion,
): Promise<TlsDemand | { readonly type: 'refused'; readonly outcome: Outcome }> {
  // A report is not lost for the want of it: RFC 8689 §5.
  if (!envelope.requiresTls || envelope.reversePath === '') return { type: 'opportunistic' };
  if (isAuthentic) return { type: 'required' };
  const why = `The message needs TLS, and nothing vouches for the servers of ${domain} (DNSSEC)`;
  return { type: 'refused', outcome: failed('5.7.10', why) };
}

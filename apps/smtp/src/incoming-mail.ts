import { iprev, lookUpAddresses, lookUpMx, type Resolver } from '@postel/dns';
import {
  authenticationResults,
  type Envelope,
  type MessageCheck,
  type MessageResults,
  MessageVerifier,
  receivedSpf,
} from '@postel/message-auth';
import type { BlockLists, Listing } from './block-lists.ts';
import { type CountedDmarcRow, countedDmarcRow } from './dmarc-row.ts';
import { DNS_AFTER_DATA_MS, EXEMPT_DNS_AFTER_DATA_MS, NULL_SENDER_SPF_MS } from './limits.ts';
import { type Judgement, judge, type SenderDomain, senderDomain } from './policy.ts';

export interface IncomingMailOptions {
  readonly resolver: Resolver;
  /** Ours: the authserv-id of RFC 8601 §2.5. */
  readonly hostname: string;
  /** Clients whose mail is taken whatever is found out. */
  readonly isExempt: (address: string) => boolean;
  readonly blockLists: Pick<BlockLists, 'find'>;
  /** The check itself has failed. */
  readonly onError: (error: unknown) => void;
}

/** What was found out about a message. */
export interface Verdict {
  /** Authentication-Results and Received-SPF, to stand before the message. */
  readonly fields: string;
  /** The value of Authentication-Results, on one line. */
  readonly summary: string;
  readonly judgement: Judgement;
  /** The domain of the reverse-path answers for it, or the client is believed: whoever is named there may be told of it. */
  readonly isVouched: boolean;
  /** A name of the client that leads back to its address; null if there is none, or it is not known. */
  readonly clientHost: string | null;
  /** What the owner of the author's domain may want to be told; null if nothing. */
  readonly dmarcRow: CountedDmarcRow | null;
  /** The author's domain, and whether it answers for the message. */
  readonly author: { readonly domain: string | null; readonly isVerified: boolean };
  /** By method, for log and metrics; of several signatures one that passes. */
  readonly results: Readonly<Record<string, string>>;
}

/** Finds out who answers for messages of other servers, and decides. */
export class IncomingMail {
  readonly #options: IncomingMailOptions;
  readonly #verifier: MessageVerifier;

  constructor(options: IncomingMailOptions) {
    this.#options = options;
    const { resolver, hostname, onError } = options;
    this.#verifier = new MessageVerifier({ resolver, hostname, onError });
  }

  /** A message with that envelope, of which nothing is asked yet. */
  expect(envelope: Envelope): ExpectedMessage {
    const isExempt = this.isExempt(envelope.clientAddress);
    return new ExpectedMessage(this.#options, { envelope, isExempt, verifier: this.#verifier });
  }

  /** Whether mail of a client is taken whatever is found out. */
  isExempt(clientAddress: string): boolean {
    return this.#options.isExempt(clientAddress);
  }

  /** Whether SPF passes for the name that a client has given (RFC 7208 §2.3); what is not known in time does not. Never fails. */
  async namePasses(client: Pick<Envelope, 'clientAddress' | 'clientName'>): Promise<boolean> {
    const check = this.#verifier.begin({ ...client, reversePath: '' }, NULL_SENDER_SPF_MS);
    try {
      const found = await inTime(check.finish(), NULL_SENDER_SPF_MS, null);
      if (found === null) check.abort();
      return found?.spf.result === 'pass';
    } catch (error) {
      this.#options.onError(error);
      return false;
    }
  }

  close(): Promise<void> {
    return this.#verifier.close();
  }
}

interface MessageOptions {
  readonly envelope: Envelope;
  readonly isExempt: boolean;
  readonly verifier: MessageVerifier;
}

/** What the DNS is asked about the envelope of one message. */
interface Asked {
  readonly senderDomain: Promise<SenderDomain | null>;
  readonly iprev: ReturnType<typeof iprev>;
  readonly listings: Promise<readonly Listing[]>;
}

/** One message, before its first octet. */
class ExpectedMessage {
  readonly #options: IncomingMailOptions;
  readonly #message: MessageOptions;
  #asked: Asked | null = null;

  constructor(options: IncomingMailOptions, message: MessageOptions) {
    this.#options = options;
    this.#message = message;
  }

  /** Asks the DNS, once, while the dialogue goes on. */
  ask(): Asked {
    if (this.#asked !== null) return this.#asked;
    const { resolver, blockLists } = this.#options;
    const { envelope, isExempt } = this.#message;
    const { clientAddress, reversePath } = envelope;
    this.#asked = {
      iprev: iprev(resolver, clientAddress),
      senderDomain: findSenderDomain(resolver, reversePath),
      listings: isExempt ? Promise.resolve([]) : blockLists.find(clientAddress),
    };
    // Who finishes hears of a fault; of a message that does not come, or breaks off, nobody asks.
    for (const asked of Object.values(this.#asked)) asked.catch(() => {});
    return this.#asked;
  }

  begin(): IncomingMessage {
    return new IncomingMessage(this.#options.hostname, this.#message, this.ask());
  }
}

/** One message, while its octets come. */
class IncomingMessage {
  readonly #hostname: string;
  readonly #envelope: Envelope;
  readonly #isExempt: boolean;
  /** How long the DNS is waited for after the message. */
  readonly #dnsMs: number;
  readonly #asked: Asked;
  readonly #check: MessageCheck;

  constructor(hostname: string, { envelope, isExempt, verifier }: MessageOptions, asked: Asked) {
    this.#hostname = hostname;
    this.#envelope = envelope;
    this.#isExempt = isExempt;
    this.#dnsMs = isExempt ? EXEMPT_DNS_AFTER_DATA_MS : DNS_AFTER_DATA_MS;
    this.#asked = asked;
    this.#check = verifier.begin(envelope, this.#dnsMs);
  }

  /** Nothing can be found out, and whoever wants that has only to write so much. */
  get isHeaderTooLong(): boolean {
    return !this.#isExempt && this.#check.isHeaderTooLong;
  }

  /** Takes octets in. Resolves when more may come. */
  push(octets: Buffer): Promise<void> {
    return this.#check.push(octets);
  }

  abort(): void {
    this.#check.abort();
  }

  async finish(): Promise<Verdict> {
    const hostname = this.#hostname;
    const envelope = this.#envelope;
    const asked = this.#asked;
    const dnsMs = this.#dnsMs;
    const [found, name, domain, listings] = await Promise.all([
      this.#check.finish(),
      inTime(asked.iprev, dnsMs, { result: 'temperror', name: null } as const),
      inTime(asked.senderDomain, dnsMs, 'unknown' as const),
      inTime(asked.listings, dnsMs, []),
    ]);
    const { spf, dkim, arc, dmarc, isUnchecked } = found;
    const field = authenticationResults(hostname, envelope, { ...found, iprev: name });
    return {
      fields: field + receivedSpf(hostname, envelope, spf),
      summary: field
        .slice(field.indexOf(':') + 1)
        .replaceAll(/[\r\n\t ]+/g, ' ')
        .trim(),
      judgement: this.#isExempt ? { type: 'accept' } : judge({ senderDomain: domain, dmarc, isUnchecked, listings }),
      isVouched: this.#isExempt || isVouched(envelope, found),
      clientHost: name.name,
      // Of what another server of ours passes on, or a program of this machine sends, the source would be that.
      dmarcRow: this.#isExempt ? null : countedDmarcRow(envelope, found),
      author: { domain: dmarc.domain, isVerified: isAuthorVerified(found) },
      results: {
        iprev: name.result,
        spf: spf.result,
        dkim: (dkim.find(({ result }) => result === 'pass') ?? dkim[0])?.result ?? 'none',
        dmarc: dmarc.result,
        arc: arc.result,
        senderDomain: domain ?? 'none',
        dnsbl: listings.length > 0 ? 'listed' : 'none',
      },
    };
  }
}

/** By SPF, or by a signature of the domain or of one above it. */
function isVouched({ reversePath }: Envelope, { spf, dkim }: MessageResults): boolean {
  if (spf.result === 'pass' && spf.identity === 'mailfrom') return true;
  const domain = `.${reversePath.slice(reversePath.lastIndexOf('@') + 1).toLowerCase()}`;
  return dkim.some(({ result, domain: signer }) => result === 'pass' && domain.endsWith(`.${signer.toLowerCase()}`));
}

/** By DMARC; where no policy is published, by a signature of the domain of From or of one above it. */
function isAuthorVerified({ dkim, dmarc }: MessageResults): boolean {
  if (dmarc.result === 'pass') return true;
  if (dmarc.result !== 'none' || dmarc.domain === null) return false;
  const domain = `.${dmarc.domain.toLowerCase()}`;
  return dkim.some(({ result, domain: signer }) => result === 'pass' && domain.endsWith(`.${signer.toLowerCase()}`));
}

export type { ExpectedMessage, IncomingMessage };

/** What the DNS does not say soon enough after the message is not waited for. */
async function inTime<Value>(asked: Promise<Value>, ms: number, otherwise: Value): Promise<Value> {
  const { promise, resolve } = Promise.withResolvers<Value>();
  const timer = setTimeout(() => resolve(otherwise), ms);
  try {
    return await Promise.race([asked, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** An address literal (RFC 5321 §4.1.3) is no domain, and nothing is known of it. */
async function findSenderDomain(resolver: Resolver, reversePath: string): Promise<SenderDomain | null> {
  if (reversePath === '') return null;
  const domain = reversePath.slice(reversePath.lastIndexOf('@') + 1);
  if (domain.startsWith('[')) return 'unknown';
  const mx = await lookUpMx(resolver, domain);
  if (mx.kind !== 'nodata') return senderDomain(mx.kind, 'unknown');
  const addresses = await lookUpAddresses(resolver, domain);
  if (addresses.kind === 'temporary' || addresses.kind === 'bogus') return senderDomain(mx.kind, 'unknown');
  return senderDomain(mx.kind, addresses.kind === 'found' ? 'yes' : 'no');
}

import { iprev, lookUpAddresses, lookUpMx, type Resolver } from '@postel/dns';
import {
  authenticationResults,
  type Envelope,
  type MessageCheck,
  MessageVerifier,
  receivedSpf,
} from '@postel/message-auth';
import { DNS_AFTER_DATA_MS, EXEMPT_DNS_AFTER_DATA_MS } from './limits.ts';
import { type Judgement, judge, type SenderDomain, senderDomain } from './policy.ts';

export interface IncomingMailOptions {
  readonly resolver: Resolver;
  /** Ours: the authserv-id of RFC 8601 §2.5. */
  readonly hostname: string;
  /** Clients whose mail is taken whatever is found out. */
  readonly isExempt: (address: string) => boolean;
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

  begin(envelope: Envelope): IncomingMessage {
    const isExempt = this.#options.isExempt(envelope.clientAddress);
    const dnsMs = isExempt ? EXEMPT_DNS_AFTER_DATA_MS : DNS_AFTER_DATA_MS;
    const check = this.#verifier.begin(envelope, dnsMs);
    return new IncomingMessage(this.#options, { envelope, check, isExempt, dnsMs });
  }

  close(): Promise<void> {
    return this.#verifier.close();
  }
}

interface MessageOptions {
  readonly envelope: Envelope;
  readonly check: MessageCheck;
  readonly isExempt: boolean;
  /** How long the DNS is waited for after the message. */
  readonly dnsMs: number;
}

/** One message, while its octets come. */
class IncomingMessage {
  readonly #hostname: string;
  readonly #message: MessageOptions;
  readonly #senderDomain: Promise<SenderDomain | null>;
  readonly #iprev: ReturnType<typeof iprev>;

  constructor({ hostname, resolver }: IncomingMailOptions, message: MessageOptions) {
    this.#hostname = hostname;
    this.#message = message;
    this.#iprev = iprev(resolver, message.envelope.clientAddress);
    this.#senderDomain = findSenderDomain(resolver, message.envelope.reversePath);
    // Who finishes hears of a fault; of a message that breaks off nobody asks.
    for (const asked of [this.#iprev, this.#senderDomain]) asked.catch(() => {});
  }

  /** Takes octets in. Resolves when more may come. */
  push(octets: Buffer): Promise<void> {
    return this.#message.check.push(octets);
  }

  abort(): void {
    this.#message.check.abort();
  }

  async finish(): Promise<Verdict> {
    const { envelope, check, isExempt, dnsMs } = this.#message;
    const hostname = this.#hostname;
    const [found, name, domain] = await Promise.all([
      check.finish(),
      inTime(this.#iprev, dnsMs, { result: 'temperror', name: null } as const),
      inTime(this.#senderDomain, dnsMs, 'unknown' as const),
    ]);
    const { spf, dkim, arc, dmarc } = found;
    const field = authenticationResults(hostname, envelope, { ...found, iprev: name });
    return {
      fields: field + receivedSpf(hostname, envelope, spf),
      summary: field
        .slice(field.indexOf(':') + 1)
        .replaceAll(/[\r\n\t ]+/g, ' ')
        .trim(),
      judgement: isExempt ? { type: 'accept' } : judge({ senderDomain: domain, dmarc }),
      results: {
        iprev: name.result,
        spf: spf.result,
        dkim: (dkim.find(({ result }) => result === 'pass') ?? dkim[0])?.result ?? 'none',
        dmarc: dmarc.result,
        arc: arc.result,
        senderDomain: domain ?? 'none',
      },
    };
  }
}

export type { IncomingMessage };

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

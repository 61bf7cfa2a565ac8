import { once } from 'node:events';
import { arc } from 'mailauth/lib/arc/index.js';
import {
  DkimVerifier,
  type MailauthResolver,
  type MailauthSignature,
  type MailauthStatus,
} from 'mailauth/lib/dkim/dkim-verifier.js';
import { type AuthorDomains, authorDomains } from './author-domains.ts';
import { checkDmarc } from './check-dmarc.ts';
import { checkSpf } from './check-spf.ts';
import { withoutExcessSignatures } from './header-section.ts';
import type { KnownKeys } from './known-keys.ts';
import { RSA_BITS } from './limits.ts';
import type { ArcResult, DkimResult, Envelope, MessageResults, SpfResult } from './results.ts';
import { replaceBodyHashes } from './verified-body-hash.ts';

export interface AuthenticationOptions {
  readonly resolver: MailauthResolver;
  readonly envelope: Envelope;
  readonly hostname: string;
  readonly keys: KnownKeys;
  /** When signatures must not have expired; now, if not given. */
  readonly at?: Date;
}

/** As many octets of b= as RFC 6008 §4 asks for at least. */
const SIGNATURE_START = 8;

/** Finds out who answers for one message, as its octets come. */
export class MessageAuthentication {
  readonly #options: AuthenticationOptions;
  readonly #verifier: DkimVerifier;
  readonly #spf: Promise<SpfResult>;
  readonly #authorDomains: AuthorDomains;
  /** Has been taken in. */
  readonly #header: Promise<void>;
  #failure: unknown = null;

  /** @param header the header section, with the empty line at its end */
  constructor(options: AuthenticationOptions, header: Buffer) {
    this.#options = options;
    this.#authorDomains = authorDomains(header);
    const { resolver, envelope, hostname, keys, at } = options;
    this.#spf = checkSpf(resolver, envelope, hostname);
    this.#spf.catch(() => undefined); // is waited for at the end
    this.#verifier = new DkimVerifier({
      resolver,
      minBitLength: RSA_BITS,
      strict: true,
      ...(at !== undefined && { curTime: at }),
    });
    this.#verifier.keyCache = keys.forMessage(resolver);
    this.#verifier.arc.keyCache = this.#verifier.keyCache;
    this.#verifier.on('error', (error) => {
      this.#failure = error;
    });
    this.#header = this.#takeHeader(header).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async #takeHeader(header: Buffer): Promise<void> {
    await this.#verifier.emitHeaders(withoutExcessSignatures(header));
    replaceBodyHashes(this.#verifier.bodyHashes);
  }

  /** Of the body. Resolves when it has been taken in. */
  async write(octets: Buffer): Promise<void> {
    await this.#header;
    if (this.#failure !== null) return;
    await new Promise<void>((resolve) => this.#verifier.write(octets, () => resolve()));
  }

  /** @throws if mailauth fails */
  async finish(): Promise<MessageResults> {
    await this.#header;
    const verifier = this.#verifier;
    verifier.end();
    if (!verifier.writableFinished && this.#failure === null) await once(verifier, 'finish');
    if (this.#failure !== null) throw this.#failure;
    const { resolver } = this.#options;
    const [spf, chain] = await Promise.all([
      this.#spf,
      arc(verifier.arc, { resolver, minBitLength: RSA_BITS, strict: true }),
    ]);
    const dkim = dkimResults(verifier.results);
    const authors = { addresses: verifier.headerFrom, fields: verifier.fromFields, ...this.#authorDomains };
    return { spf, dkim, arc: arcResult(chain.status), dmarc: await checkDmarc(resolver, authors, spf, dkim) };
  }
}

function dkimResults(signatures: readonly MailauthSignature[]): readonly DkimResult[] {
  const signed = signatures.filter(({ status }) => status.result !== 'none');
  const values = signed.map(({ signature }) => signature ?? '');
  return signed.map(({ status, signingDomain = '', selector = '', algo = '' }, i) => ({
    ...dkimResult(status),
    domain: status.header?.d || signingDomain,
    selector,
    algorithm: algo,
    signature: distinctStart(values, i),
  }));
}

function dkimResult(status: MailauthStatus): Pick<DkimResult, 'result' | 'reason'> {
  const { result, underSized = 0, policy = {} } = status;
  // What stands behind the part that is signed may be by anybody (RFC 6376 §8.2), and is what one sees, with some skill.
  if (result === 'pass' && underSized > 0) return { result: 'policy', reason: 'not all of the body is signed' };
  const reason = status.comment || policy['dkim-rules'] || null;
  switch (result) {
    case 'pass':
    case 'fail':
    case 'policy':
    case 'neutral':
    case 'permerror':
      return { result, reason };
    default:
      return { result: 'temperror', reason };
  }
}

function arcResult({ result, comment }: MailauthStatus): ArcResult {
  const reason = result === 'pass' ? null : comment || null;
  return result === 'none' || result === 'pass' || result === 'fail'
    ? { result, reason }
    : { result: 'temperror', reason };
}

/** RFC 6008 §4: so much of a signature that no other begins like it. */
function distinctStart(signatures: readonly string[], at: number): string {
  const signature = signatures[at] ?? '';
  const others = signatures.filter((other, i) => i !== at && other !== signature);
  let length = SIGNATURE_START;
  while (length < signature.length && others.some((other) => other.startsWith(signature.slice(0, length)))) length++;
  return signature.slice(0, length);
}

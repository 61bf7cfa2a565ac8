import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type DkimKey, DkimSigning } from '@postel/message-auth';
import { type ScriptedAnswer, ScriptedServer } from '../packages/dns/src/testing/scripted-server.ts';

/** By what a message is signed. */
export type Signature = 'rsa' | 'ed25519';

const TTL = 3_600;
const RSA_BITS = 2_048;
const NXDOMAIN = { code: 3 };

/** Domains that send mail, and the DNS server that tells of them: MX, SPF, a key of each kind, and a policy that rejects the rest. */
export class MailOrigin implements AsyncDisposable {
  readonly domains: readonly string[];
  readonly #dns: ScriptedServer;
  readonly #keys: Readonly<Record<Signature, KeyObject>>;

  private constructor(domains: readonly string[], dns: ScriptedServer, keys: Readonly<Record<Signature, KeyObject>>) {
    this.domains = domains;
    this.#dns = dns;
    this.#keys = keys;
  }

  static async start(count: number): Promise<MailOrigin> {
    const domains = Array.from({ length: count }, (_, i) => `north${i}.example`);
    const rsa = generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
    const ed25519 = generateKeyPairSync('ed25519');
    const texts = new Map<string, string>();
    for (const domain of domains) {
      texts.set(domain, 'v=spf1 ip4:127.0.0.0/8 -all');
      texts.set(`_dmarc.${domain}`, 'v=DMARC1; p=reject');
      const spki = rsa.publicKey.export({ type: 'spki', format: 'der' });
      texts.set(`rsa._domainkey.${domain}`, `v=DKIM1; k=rsa; p=${spki.toString('base64')}`);
      const { x = '' } = ed25519.publicKey.export({ format: 'jwk' });
      texts.set(
        `ed25519._domainkey.${domain}`,
        `v=DKIM1; k=ed25519; p=${Buffer.from(x, 'base64url').toString('base64')}`,
      );
    }
    const dns = await ScriptedServer.start((name, type) => {
      const text = texts.get(name);
      if (type === 'MX' && domains.includes(name)) {
        return { answers: [{ name, type, ttl: TTL, data: { preference: 10, exchange: `mx.${name}` } }] };
      }
      if (text === undefined) return NXDOMAIN;
      return { answers: type === 'TXT' ? inStrings(name, text) : [] };
    });
    return new MailOrigin(domains, dns, { rsa: rsa.privateKey, ed25519: ed25519.privateKey });
  }

  /** As `dns.servers` of the configuration names it. */
  get dnsServer(): string {
    return `127.0.0.1:${this.#dns.port}`;
  }

  /** The message with a Received field and the signatures of its domain. */
  signed(message: Buffer, domain: string, signatures: readonly Signature[]): Buffer {
    const keys = signatures.map((selector): DkimKey => ({ domain, selector, privateKey: this.#keys[selector] }));
    const signing = new DkimSigning();
    signing.push(message);
    const received = `Received: from [198.51.100.7] by mx.${domain} with ESMTPSA id 4711;\r\n\tThu, 1 Jan 2026 12:00:00 +0000\r\n`;
    return Buffer.concat([Buffer.from(signing.finish(keys, new Date()) + received), message]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dns[Symbol.asyncDispose]();
  }
}

/** A string of a TXT record has 255 octets at most (RFC 1035 §3.3). */
function inStrings(name: string, text: string): NonNullable<ScriptedAnswer['answers']> {
  const strings: string[] = [];
  for (let at = 0; at < text.length; at += 255) strings.push(text.slice(at, at + 255));
  return [{ name, type: 'TXT', ttl: TTL, data: strings }];
}

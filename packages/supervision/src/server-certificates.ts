import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions, type Server } from 'node:tls';
import type { CertificateFiles } from '@postel/config';

/** A certificate cannot be used; the message names the file and says why. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

interface Loaded {
  readonly certFile: string;
  readonly certificate: X509Certificate;
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

type SniCallback = (name: string, answer: (error: Error | null, context?: SecureContext) => void) => void;

/** One for all, or OpenSSL refuses to resume a session in which the client has shown a certificate. */
const SESSION_ID_CONTEXT = 'postel';

const SOON_MS = 14 * 86_400_000;

/** A certificate as people look at it. */
export interface ServerCertificate {
  /** Hosts that it is for; what it calls itself, if none. */
  readonly names: readonly string[];
  /** Who vouches for it; null: it is self-signed. */
  readonly issuer: string | null;
  readonly validFrom: Date;
  readonly validUntil: Date;
  readonly certFile: string;
}

/**
 * The certificates of a process, chosen by the host that a client names (SNI, RFC 6066 §3). They can be read anew; what is
 * connected stays so, and new handshakes see the new ones.
 */
export class ServerCertificates {
  #loaded: readonly [Loaded, ...Loaded[]];
  readonly #servers = new Set<Server>();

  private constructor(loaded: readonly [Loaded, ...Loaded[]]) {
    this.#loaded = loaded;
  }

  /** @throws {CertificateError} */
  static async read(files: readonly CertificateFiles[]): Promise<ServerCertificates> {
    return new ServerCertificates(await loadAll(files));
  }

  /**
   * Reads the files anew, or others.
   * @throws {CertificateError} and goes on with what it has
   */
  async reread(files: readonly CertificateFiles[]): Promise<void> {
    this.#loaded = await loadAll(files);
    for (const server of this.#servers) server.setSecureContext(this.#loaded[0].options);
  }

  /** For who names no host. */
  get options(): SecureContextOptions {
    return this.#loaded[0].options;
  }

  /** As `options`. */
  get context(): SecureContext {
    return this.#loaded[0].context;
  }

  /** For who names a host. */
  readonly choose: SniCallback = (name, answer) => answer(null, this.#contextFor(name));

  /** From now on a server that was made with `options` and `choose` has the current ones. */
  keepCurrent(server: Server): void {
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
  }

  /** What an operator should know: certificates that are over, or soon will be, and a host name that none is for. */
  warnings(hostname: string): readonly string[] {
    const now = Date.now();
    const over = this.#loaded.flatMap(({ certificate }) => {
      const endsInMs = certificate.validToDate.getTime() - now;
      const name = certificate.subjectAltName ?? certificate.subject;
      if (endsInMs < 0) return [`the certificate for ${name} is over since ${certificate.validTo}`];
      if (certificate.validFromDate.getTime() > now) return [`the certificate for ${name} is not valid yet`];
      return endsInMs < SOON_MS ? [`the certificate for ${name} is valid only until ${certificate.validTo}`] : [];
    });
    return this.isFor(hostname) ? over : [...over, `no certificate is for ${hostname}, the name of this server`];
  }

  /** Those in use, in their order. */
  list(): readonly ServerCertificate[] {
    return this.#loaded.map(({ certFile, certificate }) => ({
      names: namesOf(certificate),
      issuer: certificate.checkIssued(certificate) ? null : partOf(certificate.issuer),
      validFrom: certificate.validFromDate,
      validUntil: certificate.validToDate,
      certFile,
    }));
  }

  /** Whether one of them is for a host. */
  isFor(name: string): boolean {
    return this.#loaded.some(({ certificate }) => certificate.checkHost(name) !== undefined);
  }

  #contextFor(name: string): SecureContext {
    const fitting = this.#loaded.find(({ certificate }) => certificate.checkHost(name) !== undefined);
    return (fitting ?? this.#loaded[0]).context;
  }
}

/** RFC 6125 §6.4.4: the common name counts only where there is no other. */
function namesOf({ subjectAltName, subject }: X509Certificate): readonly string[] {
  const names = [...(subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^\s,"]+)/g)].map(([, name = '']) =>
    shortened(name),
  );
  return names.length > 0 ? names : [partOf(subject)];
}

/** Node writes all groups of an IPv6 address; people leave out those that are zero (RFC 5952 §4.2). */
const shortened = (name: string): string => (isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name);

/** The organization of a name, else its common name: Node writes one part a line. */
function partOf(name: string): string {
  return /^O=(.+)$/m.exec(name)?.[1] ?? /^CN=(.+)$/m.exec(name)?.[1] ?? name.replaceAll('\n', ', ');
}

async function loadAll(files: readonly CertificateFiles[]): Promise<readonly [Loaded, ...Loaded[]]> {
  const [first, ...others] = await Promise.all(files.map(load));
  if (first === undefined) throw new CertificateError('There is no certificate');
  return [first, ...others];
}

async function load({ certFile, keyFile }: CertificateFiles): Promise<Loaded> {
  const cert = await read(certFile);
  const key = await read(keyFile);
  const certificate = parse(certFile, 'certificate', () => new X509Certificate(cert));
  // `ENCRYPTED PRIVATE KEY` (RFC 7468 §11), or `Proc-Type: 4,ENCRYPTED`.
  if (key.includes('ENCRYPTED')) throw new CertificateError(`The key in ${keyFile} has a passphrase: take that off`);
  const privateKey = parse(keyFile, 'private key', () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new CertificateError(`The key in ${keyFile} does not belong to the certificate in ${certFile}`);
  }
  const options = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: SESSION_ID_CONTEXT,
  } as const;
  return {
    certFile,
    certificate,
    options,
    context: parse(certFile, 'certificate', () => createSecureContext(options)),
  };
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CertificateError(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

function parse<Parsed>(file: string, what: string, make: () => Parsed): Parsed {
  try {
    return make();
  } catch (error) {
    throw new CertificateError(`${file} holds no ${what} in PEM`, { cause: error });
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { type ClientKey, type Directory, DirectoryError } from '@postel/directory';
import type { ChannelBinding } from '@postel/sasl';
import { readClientKey } from '@postel/tls-pubkey';
import type { Logger } from 'pino';
import { channelBindingOf } from './channel-binding.ts';
import type { ServerCertificates } from './server-certificates.ts';

/** A client waits so long at most for us to find out who it is; then it may say so itself. */
const LOOKUP_MS = 5_000;

/** TLS under a connection, once the handshake is done: what it is worth, and who is at the other end. */
export class TlsConnection {
  /** As Node names them: `TLSv1.3` and `TLS_AES_256_GCM_SHA384`. */
  readonly protocol: string;
  readonly cipher: string;
  /** The host that the client has asked for (SNI, RFC 6066 §3), in lower case; null if it named none that we have a certificate for. */
  readonly serverName: string | null;
  readonly #socket: TLSSocket;
  #clientKey: ClientKey | null = null;
  #unknownKey: string | null = null;
  #isClientUnclear = false;
  #channelBinding: ChannelBinding | null = null;

  constructor(socket: TLSSocket, certificates: Pick<ServerCertificates, 'isFor'>) {
    this.#socket = socket;
    this.protocol = socket.getProtocol() ?? 'TLS';
    const { servername } = socket;
    this.serverName = servername && certificates.isFor(servername) ? servername.toLowerCase() : null;
    this.cipher = socket.getCipher()?.standardName ?? '';
  }

  /** The key that the client has shown, if it is an account's. */
  get clientKey(): ClientKey | null {
    return this.#clientKey;
  }

  /** The fingerprint of the key that the client has shown, if it is nobody's. */
  get unknownKey(): string | null {
    return this.#unknownKey;
  }

  /** The client has shown a key, and it could not be found out whose it is. */
  get isClientUnclear(): boolean {
    return this.#isClientUnclear;
  }

  get channelBinding(): ChannelBinding | null {
    this.#channelBinding ??= channelBindingOf(this.#socket);
    return this.#channelBinding;
  }

  /**
   * Finds out whose key the client has shown, if it was asked for one and has shown any. The handshake has proven that it holds
   * the key; nothing else of the certificate matters. A resumed session has the certificate of the first handshake, whose key
   * may be somebody else's now, or nobody's. Never rejects: who is not known may log in by other means.
   */
  async identifyClient(directory: Pick<Directory, 'findClientKey'>, log: Logger): Promise<void> {
    const certificate = this.#socket.getPeerX509Certificate();
    if (certificate === undefined) return;
    const reading = readClientKey(certificate);
    if (reading.type === 'refused') {
      log.info({ reason: reading.reason }, 'the client has shown a key that identifies nobody');
      return;
    }
    const { fingerprint } = reading.key;
    try {
      this.#clientKey = await inTime((late) => Promise.race([directory.findClientKey(fingerprint), late]));
    } catch (error) {
      this.#isClientUnclear = true;
      log.warn({ err: error, fingerprint }, 'it cannot be found out whose key the client has shown');
      return;
    }
    if (this.#clientKey === null) {
      this.#unknownKey = fingerprint;
      log.info({ fingerprint }, "the client has shown a key that is nobody's");
    } else {
      const { accountName, name } = this.#clientKey;
      log.info({ fingerprint, account: accountName, key: name }, 'the client has shown the key of an account');
    }
  }
}

async function inTime<Result>(work: (late: Promise<never>) => Promise<Result>): Promise<Result> {
  const done = new AbortController();
  const late = delay(LOOKUP_MS, undefined, { signal: done.signal, ref: false }).then(() => {
    throw new DirectoryError('unavailable', 'The database does not answer');
  });
  try {
    return await work(late);
  } finally {
    late.catch(() => {});
    done.abort();
  }
}

/** What a client may call us, in lower case: by our own name, and by the one that it has asked for. */
export function hostNames(hostname: string, tls: TlsConnection | null): [string, ...string[]] {
  const names: [string, ...string[]] = [hostname.toLowerCase()];
  if (tls !== null && tls.serverName !== null) names.push(tls.serverName);
  return names;
}

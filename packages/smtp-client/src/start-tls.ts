import { createHash, X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { ChannelBinding } from '@postel/sasl';
import { type Fingerprint, fingerprintFromOctets } from '@postel/tls-pubkey';
import { SmtpError } from './smtp-error.ts';
import type { TlsSettings } from './tls-settings.ts';

const HANDSHAKE_MS = 30_000;

/**
 * Does the TLS handshake on a connection, and makes sure of the server.
 *
 * @throws {SmtpError} 'untrusted' if it is not the right one, before anything was said to it
 */
export async function startTls(socket: Socket, host: string, { trust, identity }: TlsSettings): Promise<TLSSocket> {
  const isExamined = trust.type === 'examined';
  const names = trust.type === 'authority' ? (trust.names ?? null) : null;
  const serverName = isExamined ? trust.serverName : (names?.[0] ?? host);
  const ca = isExamined || trust.type === 'authority' ? trust.ca : null;
  const secured = connect({
    socket,
    host,
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    minVersion: 'TLSv1.2',
    // Looked at below, where there are words for it.
    rejectUnauthorized: false,
    ...(ca !== null ? { ca } : {}),
    ...(isExamined ? { checkServerIdentity: () => undefined } : {}),
    ...(names === null
      ? {}
      : {
          checkServerIdentity: (_: string, certificate: PeerCertificate) => {
            const refusals = names.map((name) => checkServerIdentity(name, certificate));
            return refusals.includes(undefined) ? undefined : refusals[0];
          },
        }),
    ...(identity === null ? {} : { key: identity.key, cert: identity.certificate }),
  });
  await handshakeOf(secured);

  if (isExamined) trust.examine(secured);
  if (isExamined || trust.type === 'anyone') return secured;
  const fingerprint = fingerprintOf(secured);
  if (isRight(secured, fingerprint, trust)) return secured;
  secured.destroy();
  const why = trust.type === 'authority' ? `as for its certificate, ${reasonOf(secured)}` : 'its key is another';
  throw new SmtpError(
    'untrusted',
    `Not the right server at ${host}: ${why}. Its key has the fingerprint ${fingerprint}.`,
  );
}

function isRight(
  secured: TLSSocket,
  fingerprint: Fingerprint,
  trust: Exclude<TlsSettings['trust'], { readonly type: 'anyone' | 'examined' }>,
): boolean {
  switch (trust.type) {
    case 'authority':
      return secured.authorized;
    case 'key':
      return fingerprint === trust.fingerprint;
    case 'keys':
      return trust.fingerprints.includes(fingerprint);
    default:
      return trust satisfies never;
  }
}

/** RFC 9266. Null on TLS 1.2, which has another one with conditions of its own (RFC 5929, RFC 7627). */
export function channelBindingOf(socket: TLSSocket): ChannelBinding | null {
  if (socket.getProtocol() !== 'TLSv1.3') return null;
  return {
    type: 'tls-exporter',
    data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  };
}

async function handshakeOf(socket: TLSSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no answer in ${HANDSHAKE_MS / 1_000} s`)), HANDSHAKE_MS);
  socket.once('secureConnect', resolve);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the server closed the connection')));
  try {
    await promise;
  } catch (cause) {
    socket.destroy();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SmtpError('unreachable', `TLS cannot be started: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
    socket.removeAllListeners('secureConnect').removeListener('error', reject);
  }
}

/** What a certificate says of its server, whoever vouches for that. */
export interface ServerCertificate {
  /** DNS names and addresses. */
  readonly names: readonly string[];
  readonly notAfter: Date;
  readonly fingerprint: Fingerprint;
}

/** @returns null if it showed none */
export function serverCertificateOf(socket: TLSSocket): ServerCertificate | null {
  const { raw } = socket.getPeerCertificate();
  if (!Buffer.isBuffer(raw)) return null;
  const { subjectAltName = '', validTo } = new X509Certificate(raw);
  const names = subjectAltName.split(', ').flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1] ?? []);
  return { names, notAfter: new Date(validTo), fingerprint: fingerprintOf(socket) };
}

function fingerprintOf(socket: TLSSocket): Fingerprint {
  const { raw } = socket.getPeerCertificate();
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return fingerprintFromOctets(createHash('sha256').update(key).digest());
}

const REASONS = new Map([
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'it is for another name'],
  ['CERT_HAS_EXPIRED', 'it has expired'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'nobody but itself has signed it'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'it is of an authority that is not known here'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'it is of an authority that is not known here'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'it is of an authority that is not known here'],
]);

/** What Node.js has of it is an error code, whatever its type says. */
function reasonOf({ authorizationError }: TLSSocket): string {
  const code = String(authorizationError);
  return REASONS.get(code) ?? code;
}

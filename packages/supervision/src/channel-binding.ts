import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from '@postel/sasl';

/** RFC 9266 §2, with an empty context. */
const EXPORTER_LABEL = 'EXPORTER-Channel-Binding';
const EXPORTER_OCTETS = 32;

/** Of OpenSSL's SSL_SESSION in DER: the field that holds its flags, and the flag for the extended master secret. */
const FLAGS_FIELD = 0xa0 | 13;
const EXTENDED_MASTER_SECRET = 1;

/**
 * What names this TLS connection and no other, on the server's side: under TLS 1.3 `tls-exporter` (RFC 9266), under TLS 1.2
 * `tls-unique` (RFC 5929 §3). The latter only after a full handshake with the extended master secret (RFC 7627): without that,
 * somebody in between can have two connections with one name (the triple handshake attack, RFC 7627 §1).
 *
 * @returns null where there is nothing to bind to, or the connection is gone
 */
export function channelBindingOf(socket: TLSSocket): ChannelBinding | null {
  switch (socket.getProtocol()) {
    case 'TLSv1.3':
      return {
        type: 'tls-exporter',
        data: socket.exportKeyingMaterial(EXPORTER_OCTETS, EXPORTER_LABEL, Buffer.alloc(0)),
      };
    case 'TLSv1.2':
      return tlsUnique(socket);
    default:
      return null;
  }
}

function tlsUnique(socket: TLSSocket): ChannelBinding | null {
  const session = socket.getSession();
  if (socket.isSessionReused() || session === undefined || !hasExtendedMasterSecret(session)) return null;
  const data = socket.getPeerFinished(); // in a full handshake the client's Finished is the first
  return data === undefined ? null : { type: 'tls-unique', data };
}

function hasExtendedMasterSecret(session: Buffer): boolean {
  const [sequence = session] = fieldsOf(session).values();
  const flags = fieldsOf(sequence).get(FLAGS_FIELD) ?? Buffer.alloc(0);
  const [value] = fieldsOf(flags).values(); // an INTEGER, whose last octet is the lowest
  return ((value?.at(-1) ?? 0) & EXTENDED_MASTER_SECRET) !== 0;
}

/** The contents of DER fields by tag, the last of each; OpenSSL has just written them, so they are well formed. */
function fieldsOf(octets: Buffer): ReadonlyMap<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 2 <= octets.length; ) {
    const tag = octets.readUInt8(at);
    const first = octets.readUInt8(at + 1);
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f; // of the long form (X.690 §8.1.3.5)
    const start = at + 2 + lengthOctets;
    const length = lengthOctets === 0 ? first : octets.readUIntBE(at + 2, lengthOctets);
    fields.set(tag, octets.subarray(start, start + length));
    at = start + length;
  }
  return fields;
}

import type { TLSSocket } from 'node:tls';
import type { Fingerprint } from '@postel/tls-pubkey';

/** How the right server is known. */
export type ServerTrust =
  /** By a certificate for its name, of one of these authorities (PEM); null: of those that Node.js knows. */
  | {
      readonly type: 'authority';
      readonly ca: string | null;
      /** One of which it has to be for, if not for the host's. The first is asked for: SNI. */
      readonly names?: readonly [string, ...string[]];
    }
  /** Whoever it is: against those who only listen (RFC 7435). */
  | { readonly type: 'anyone' }
  /** By its public key, whatever its certificate says. */
  | { readonly type: 'key'; readonly fingerprint: Fingerprint }
  /** The same, where it has one of several. */
  | { readonly type: 'keys'; readonly fingerprints: readonly Fingerprint[] }
  /** Whoever it is, for somebody else to look at. */
  | {
      readonly type: 'examined';
      /** The name to ask for: SNI. */
      readonly serverName: string;
      /** Authorities that vouch for the chain or not; null: those that Node.js knows. The name is not compared. */
      readonly ca: string | null;
      /** Is given the connection after the handshake, before anything is said. */
      examine(socket: TLSSocket): void;
    };

/** Our own key, to log in with. */
export interface ClientIdentity {
  /** Both PEM. */
  readonly key: string;
  readonly certificate: string;
  readonly fingerprint: Fingerprint;
}

export interface TlsSettings {
  readonly trust: ServerTrust;
  readonly identity: ClientIdentity | null;
}

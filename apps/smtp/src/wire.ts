import type { TlsConnection } from '@postel/supervision';
import type { InputLine } from './input.ts';

/** A connection as a session sees it: lines and octets in, text out, and TLS on demand. */
export interface Wire {
  /** Short, for replies, logs and the `id` of Received. */
  readonly id: string;
  readonly remoteAddress: string;
  readonly tls: TlsConnection | null;
  /** Something came that nobody has read. */
  readonly hasOctets: boolean;
  readLine(): Promise<InputLine>;
  /** The next octets, null if there will be none; those not used go back with `unread`. */
  read(): Promise<Buffer | null>;
  unread(octets: Buffer): void;
  /** Gathers text for the next `flush`. */
  write(text: string): void;
  /** Sends what was gathered, and waits until the client takes it. */
  flush(): Promise<void>;
  /** The same, unless a line is here already whose answer can go with it (RFC 2920 §3.2). */
  flushUnlessMore(): Promise<void> | null;
  /**
   * Forgets what came in the clear, and makes the handshake.
   *
   * @returns false if there will be no TLS and the connection is gone
   */
  startTls(): Promise<boolean>;
  /** Nothing more is read: whoever waits for the client learns of the end. */
  stopReading(): void;
  /** Sends what was gathered and closes. */
  close(): void;
}

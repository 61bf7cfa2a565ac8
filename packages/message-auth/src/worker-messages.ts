import type { LibraryAnswer } from './library-resolver.ts';
import type { Envelope, MessageResults } from './results.ts';

/** What a worker is told. A message has a number. */
export type ToWorker =
  | ({ readonly type: 'begin'; readonly message: number } & BegunMessage)
  | { readonly type: 'octets'; readonly message: number; readonly octets: Uint8Array }
  | { readonly type: 'end'; readonly message: number }
  | { readonly type: 'abort'; readonly message: number }
  /** To see whether it still hears. */
  | { readonly type: 'ping' }
  | { readonly type: 'answer'; readonly question: number; readonly answer: LibraryAnswer };

/** A message as far as it has come. */
export interface BegunMessage {
  readonly envelope: Envelope;
  /** Its header section, and what is behind it. */
  readonly octets: Uint8Array<ArrayBuffer>;
  readonly headerOctets: number;
  /** Nothing comes any more: there will be no `end`. */
  readonly isWhole: boolean;
  /** What the DNS has said already of TXT records, by their names in lower case. */
  readonly texts: ReadonlyMap<string, LibraryAnswer>;
}

/** What a worker tells. The DNS is asked outside of it, where all have one cache. */
export type FromWorker =
  | { readonly type: 'pong' }
  | { readonly type: 'taken'; readonly message: number; readonly octets: number }
  | { readonly type: 'results'; readonly message: number; readonly results: MessageResults }
  | { readonly type: 'failed'; readonly message: number; readonly error: unknown }
  | {
      readonly type: 'question';
      readonly message: number;
      readonly question: number;
      readonly name: string;
      readonly recordType: string;
    };

export interface WorkerSettings {
  readonly hostname: string;
}

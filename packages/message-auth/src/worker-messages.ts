import type { LibraryAnswer } from './library-resolver.ts';
import type { Envelope, MessageResults } from './results.ts';

/** What a worker is told. A message has a number. */
export type ToWorker =
  | { readonly type: 'begin'; readonly message: number; readonly envelope: Envelope; readonly header: Uint8Array }
  | { readonly type: 'octets'; readonly message: number; readonly octets: Uint8Array }
  | { readonly type: 'end'; readonly message: number }
  | { readonly type: 'abort'; readonly message: number }
  /** To see whether it still hears. */
  | { readonly type: 'ping' }
  | { readonly type: 'answer'; readonly question: number; readonly answer: LibraryAnswer };

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

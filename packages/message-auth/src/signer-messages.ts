import type { DkimKey } from './dkim-signing.ts';

/** What a signing worker is told. A message has a number. */
export type ToSigner =
  /** @param isBlock it wants the memory of these octets back, for others */
  | {
      readonly type: 'octets';
      readonly message: number;
      readonly octets: Uint8Array<ArrayBuffer>;
      readonly isBlock: boolean;
    }
  | { readonly type: 'end'; readonly message: number; readonly keys: readonly DkimKey[]; readonly at: Date }
  | { readonly type: 'abort'; readonly message: number };

/** What it tells. */
export type FromSigner =
  | { readonly type: 'taken'; readonly message: number; readonly octets: number; readonly block: ArrayBuffer | null }
  /** Null: its header section is too long. */
  | { readonly type: 'signed'; readonly message: number; readonly fields: string | null }
  | { readonly type: 'failed'; readonly message: number; readonly error: unknown };

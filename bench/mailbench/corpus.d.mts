export class Corpus {
  constructor(options: { readonly seed?: number; readonly size?: number });
  /** Messages of about `size` octets, as they would come by SMTP. */
  take(count: number): readonly { readonly buf: Buffer }[];
}

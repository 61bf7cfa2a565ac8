export class Corpus {
  constructor(options: {
    readonly seed?: number;
    readonly size?: number;
    /** What they are, where they are not to be of all kinds: 'attachment' for instance. */
    readonly kind?: string;
    /** In To. */
    readonly to?: string;
    /** In From, and the message is as a mail program hands it in: without Received and the like. */
    readonly client?: string;
  });
  /** Messages of about `size` octets, as they would come by SMTP. */
  take(count: number): readonly { readonly buf: Buffer }[];
}

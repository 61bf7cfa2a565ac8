/** The store refused, or did not answer. Its text names what was asked, and never a key of ours. */
export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** 0: no answer came. */
  readonly status: number;
  /** As S3 has it: `NoSuchKey`, for instance. */
  readonly code: string;

  constructor(what: string, status: number, code: string, options?: ErrorOptions) {
    super(`The object store ${status === 0 ? 'does not answer' : `answered ${status} ${code}`} (${what})`, options);
    this.status = status;
    this.code = code;
  }

  /** The same may go well in a moment. */
  get isTransient(): boolean {
    return this.status === 0 || this.status >= 500 || PASSING_STATUSES.has(this.status) || PASSING_CODES.has(this.code);
  }
}

const PASSING_STATUSES = new Set([408, 429]);
/** The last two: octets changed on the way. */
const PASSING_CODES = new Set(['RequestTimeout', 'SlowDown', 'XAmzContentSHA256Mismatch', 'BadDigest']);

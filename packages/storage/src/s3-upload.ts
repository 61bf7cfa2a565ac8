import { type BlobStore, type BlobWriter, NewBlob } from './blob-store.ts';
import { StorageError } from './errors.ts';
import type { S3Client } from './s3-client.ts';
import { S3Error } from './s3-error.ts';
import { escapeXml, textOf } from './s3-xml.ts';

/** S3 takes 10,000 parts of 5 MB at least: enough for 80 GB. */
const PART_OCTETS = 8 * 1024 * 1024;
/**
 * S3 dates an upload in parts from its beginning, and what nothing names is swept by that date (sweep-blobs.ts): one that took longer
 * than this, a small part of the grace period, gets a new name and with it a new date, or it might be swept before its row commits.
 */
const DATE_ANEW_MS = 3_600_000;
const FIRST_BUFFER_OCTETS = 256 * 1024;
/** How long an upload is not asked whether it comes fast enough. */
const FIRST_MS = 10_000;

export interface UploadOptions {
  readonly client: S3Client;
  readonly blobs: BlobStore;
  readonly name: string;
  readonly key: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called once, when nothing of it is held any more. */
  readonly onEnd: () => void;
}

/**
 * A blob on its way into a bucket: in one request if it fits in one part, else part by part. It holds one part at most, which
 * is sent again if that fails.
 */
export class S3Upload implements BlobWriter {
  readonly #options: UploadOptions;
  #buffer = Buffer.alloc(0);
  #held = 0;
  #sizeOctets = 0;
  #uploadId: string | null = null;
  #begunAt = 0;
  readonly #etags: string[] = [];
  #hasEnded = false;
  #isGivenUp = false;
  /** Since when the octets that came have been coming: the time that the store took is left out. */
  #comingSinceMs: number;
  #isAtStore = false;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#comingSinceMs = options.now();
  }

  /** Octets a second of its sender; null in its first seconds, and while it waits for the store. */
  get pace(): number | null {
    const comingMs = this.#options.now() - this.#comingSinceMs;
    return this.#isAtStore || comingMs < FIRST_MS ? null : (this.#sizeOctets / comingMs) * 1_000;
  }

  /** Lets go of what it holds: another one needs the room. What comes now is refused. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#end();
  }

  /** @throws {StorageError} 'unavailable' if it was given up, and what the store says */
  async write(octets: Buffer): Promise<void> {
    for (let at = 0; at < octets.length; ) {
      if (this.#isGivenUp) throw new StorageError('unavailable', 'The message came too slowly, and others wait');
      if (this.#held === PART_OCTETS) await this.#sendPart();
      this.#makeRoom(octets.length - at);
      const copied = octets.copy(this.#buffer, this.#held, at);
      this.#held += copied;
      at += copied;
    }
    this.#sizeOctets += octets.length;
  }

  /** @throws as `write` */
  async finish(): Promise<NewBlob> {
    if (this.#isGivenUp) throw new StorageError('unavailable', 'The message came too slowly, and others wait');
    this.#isAtStore = true;
    const { client, blobs, name, key } = this.#options;
    if (this.#uploadId === null)
      await client.request({ method: 'PUT', key, body: this.#buffer.subarray(0, this.#held) });
    else {
      await this.#sendPart();
      await this.#complete(this.#uploadId);
    }
    this.#end();
    if (this.#uploadId === null || Date.now() - this.#begunAt < DATE_ANEW_MS) return new NewBlob(blobs, name);
    const dated = await blobs.copy(name);
    await blobs.remove(name).catch(() => {}); // else it is swept
    return new NewBlob(blobs, dated);
  }

  /** The object too: an answer may have been lost. */
  async abort(): Promise<void> {
    const { client, blobs, name, key } = this.#options;
    this.#end();
    if (this.#uploadId !== null) {
      await client.request({ method: 'DELETE', key, query: { uploadId: this.#uploadId } }).catch(() => {});
    }
    if (this.#sizeOctets > 0) await blobs.remove(name).catch(() => {});
  }

  #end(): void {
    this.#buffer = Buffer.alloc(0);
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd();
  }

  #makeRoom(octets: number): void {
    const needed = Math.min(this.#held + octets, PART_OCTETS);
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, 2 * this.#held, FIRST_BUFFER_OCTETS), PART_OCTETS));
    this.#buffer.copy(larger, 0, 0, this.#held);
    this.#buffer = larger;
  }

  async #sendPart(): Promise<void> {
    const { client, key } = this.#options;
    if (this.#held === 0) return;
    const startMs = this.#options.now();
    this.#isAtStore = true;
    this.#uploadId ??= await this.#begin();
    const query = { partNumber: String(this.#etags.length + 1), uploadId: this.#uploadId };
    const body = this.#buffer.subarray(0, this.#held);
    const { headers } = await client.request({ method: 'PUT', key, query, body });
    this.#etags.push(headers.etag ?? '');
    this.#held = 0;
    this.#isAtStore = false;
    this.#comingSinceMs += this.#options.now() - startMs;
  }

  async #begin(): Promise<string> {
    const { client, key } = this.#options;
    this.#begunAt = Date.now();
    const { body } = await client.request({ method: 'POST', key, query: { uploads: '' } });
    const id = textOf(body, 'UploadId');
    if (id === null) throw new Error('the object store began an upload without an id');
    return id;
  }

  async #complete(uploadId: string): Promise<void> {
    const { client, key } = this.#options;
    const parts = this.#etags.map(
      (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    try {
      await client.request({ method: 'POST', key, query: { uploadId }, body });
    } catch (error) {
      // The answer to an attempt before may have been lost: names are never written twice, so what is there is ours.
      if (!(error instanceof S3Error) || error.code !== 'NoSuchUpload' || !(await this.#isThere())) throw error;
    }
  }

  async #isThere(): Promise<boolean> {
    const { client, key } = this.#options;
    const { headers } = await client.request({ method: 'HEAD', key });
    return Number(headers['content-length']) === this.#sizeOctets;
  }
}

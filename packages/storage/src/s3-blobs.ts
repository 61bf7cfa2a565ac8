import { randomBytes } from 'node:crypto';
import { type BlobStore, isBlobName, type ListedBlob } from './blob-store.ts';
import { StorageError } from './errors.ts';
import { S3Client, type S3Target } from './s3-client.ts';
import { S3Error } from './s3-error.ts';
import { S3Upload } from './s3-upload.ts';
import { elementsOf, textOf } from './s3-xml.ts';
import { Turnstile } from './turnstile.ts';

/** Each holds a part of 8 MB at most: 256 MB a process. */
const UPLOADS_AT_ONCE = 32;
/** Who cannot begin after that is told to come again. */
const WAIT_TO_UPLOAD_MS = 20_000;
/** Octets a second that a sender must keep up while others wait for its place: else 32 slow ones could hold them all. */
const LEAST_PACE = 16 * 1024;
/** A download that breaks off goes on where it was, so often without an octet more. */
const READ_ATTEMPTS = 4;

/** Blobs as objects in a bucket: `PREFIX` `ab/` `abcdef...`, so that a list may take one in 256 of them. */
export class S3Blobs implements BlobStore {
  readonly #client: S3Client;
  readonly #target: S3Target;
  readonly #uploads = new Turnstile(UPLOADS_AT_ONCE, WAIT_TO_UPLOAD_MS);
  readonly #open = new Set<S3Upload>();
  readonly #now: () => number;

  /** @param now monotonic milliseconds */
  constructor(target: S3Target, now: () => number = () => performance.now()) {
    this.#target = target;
    this.#now = now;
    this.#client = new S3Client(target);
  }

  /** @throws {StorageError} 'unavailable' if too many are being written */
  async create(): Promise<S3Upload> {
    const isIn = await this.#uploads.enter(() => this.#giveUpSlowest());
    if (!isIn) throw new StorageError('unavailable', 'Too many large messages come at once');
    const name = newName();
    const onEnd = () => {
      this.#open.delete(upload);
      this.#uploads.leave();
    };
    const upload = new S3Upload({
      client: this.#client,
      blobs: this,
      name,
      key: this.#key(name),
      now: this.#now,
      onEnd,
    });
    this.#open.add(upload);
    return upload;
  }

  #giveUpSlowest(): void {
    let slowest: { readonly upload: S3Upload; readonly pace: number } | null = null;
    for (const upload of this.#open) {
      const { pace } = upload;
      if (pace !== null && pace < (slowest?.pace ?? LEAST_PACE)) slowest = { upload, pace };
    }
    slowest?.upload.giveUp();
  }

  async copy(name: string): Promise<string> {
    const added = newName();
    const { bucket } = this.#target;
    const headers = { 'x-amz-copy-source': `/${bucket}/${this.#key(name)}` };
    await this.#client.request({ method: 'PUT', key: this.#key(added), headers });
    return added;
  }

  async *read(name: string, start: number, end: number): AsyncGenerator<Buffer> {
    let failures = 0;
    for (let at = start; at < end; ) {
      const answer = await this.#download(name, at, end);
      try {
        for await (const piece of answer) {
          failures = 0;
          at += piece.length;
          yield piece;
        }
        if (at < end) throw endsBefore(name, at, end);
      } catch (error) {
        if (answer.complete) throw error;
        if (++failures < READ_ATTEMPTS) continue;
        throw new StorageError('unavailable', `The object store breaks off (blob ${name})`, { cause: error });
      } finally {
        answer.destroy();
      }
    }
  }

  async remove(name: string): Promise<void> {
    await this.#client.request({ method: 'DELETE', key: this.#key(name) }).catch(passOver('NoSuchKey'));
  }

  async *list(firstDigits: string): AsyncGenerator<ListedBlob> {
    const prefix = `${this.#target.prefix}${firstDigits}/`;
    let next: string | null = '';
    while (next !== null) {
      const query = { 'list-type': '2', prefix, ...(next !== '' && { 'continuation-token': next }) };
      const { body } = await this.#client.request({ method: 'GET', key: '', query });
      for (const object of elementsOf(body, 'Contents')) {
        const name = (textOf(object, 'Key') ?? '').slice(prefix.length);
        const modifiedAt = new Date(textOf(object, 'LastModified') ?? Number.NaN);
        if (isBlobName(name) && !Number.isNaN(modifiedAt.getTime())) yield { name, modifiedAt };
      }
      next = textOf(body, 'NextContinuationToken');
    }
  }

  async removeUnfinished(before: Date): Promise<number> {
    let removed = 0;
    let markers: Readonly<Record<string, string>> | null = {};
    while (markers !== null) {
      const query = { uploads: '', prefix: this.#target.prefix, ...markers };
      const { body } = await this.#client.request({ method: 'GET', key: '', query });
      for (const upload of elementsOf(body, 'Upload')) {
        const key = textOf(upload, 'Key') ?? '';
        const uploadId = textOf(upload, 'UploadId') ?? '';
        if (!isBlobName(key.slice(-32)) || !(new Date(textOf(upload, 'Initiated') ?? Number.NaN) < before)) continue;
        await this.#client.request({ method: 'DELETE', key, query: { uploadId } }).catch(passOver('NoSuchUpload'));
        removed++;
      }
      const keyMarker = textOf(body, 'NextKeyMarker');
      const uploadIdMarker = textOf(body, 'NextUploadIdMarker');
      markers =
        textOf(body, 'IsTruncated') === 'true' && keyMarker
          ? { 'key-marker': keyMarker, ...(uploadIdMarker && { 'upload-id-marker': uploadIdMarker }) }
          : null;
    }
    return removed;
  }

  close(): void {
    this.#client.close();
  }

  async #download(name: string, start: number, end: number) {
    const headers = { range: `bytes=${start}-${end - 1}` };
    try {
      return await this.#client.open({ method: 'GET', key: this.#key(name), headers });
    } catch (error) {
      if (error instanceof S3Error && error.status === 416) throw endsBefore(name, start, end);
      throw error;
    }
  }

  #key(name: string): string {
    return `${this.#target.prefix}${name.slice(0, 2)}/${name}`;
  }
}

function newName(): string {
  return randomBytes(16).toString('hex');
}

function endsBefore(name: string, at: number, end: number): Error {
  return new Error(`blob ${name} ends at or before octet ${at}, before ${end}`);
}

/** For an error that is none. */
function passOver(code: string): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof S3Error) || error.code !== code) throw error;
  };
}

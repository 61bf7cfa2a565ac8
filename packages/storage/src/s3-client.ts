import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { createSecureContext, getCACertificates } from 'node:tls';
import { AwsV4Signer } from 'aws4fetch';
import { StorageError } from './errors.ts';
import { S3Error } from './s3-error.ts';
import { textOf } from './s3-xml.ts';

/** A bucket of an S3-compatible store, and how it is reached. */
export interface S3Target {
  /** `https://s3.example.com`, without a path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before every key: `blobs/`, or nothing. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket stands in the path, or else before the endpoint's host name. */
  readonly pathStyle: boolean;
  /** PEM: who may have signed the endpoint's certificate, instead of those whom the system trusts. */
  readonly caFile?: string;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD';
  /** With the prefix; '' for the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

interface S3Answer {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Of stores that tell of a full disk or a quota. */
const FULL_CODES = new Set(['QuotaExceeded', 'XMinioStorageFull']);
const FULL_STATUS = 507;

/** No octet has come or gone for so long. */
const IDLE_MS = 20_000;
/** A request that fails is not tried again once so much time has passed since it was first made. */
const RETRY_FOR_MS = 30_000;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;
/** A list of 1,000 keys takes 300 kB. */
const LARGEST_ANSWER_OCTETS = 4 * 1024 * 1024;
const IDLE_SOCKETS = 16;

/** Signs requests (Signature Version 4), sends them, and again if they fail for now. */
export class S3Client {
  readonly #target: S3Target;
  readonly #base: URL;
  readonly #agent: HttpAgent | HttpsAgent;
  /** Keys derived from the secret, one a day. */
  readonly #derivedKeys = new Map<string, ArrayBuffer>();

  constructor(target: S3Target) {
    this.#target = target;
    this.#base = new URL(target.endpoint);
    if (!target.pathStyle) this.#base.hostname = `${target.bucket}.${this.#base.hostname}`;
    const options = { keepAlive: true, maxFreeSockets: IDLE_SOCKETS, timeout: IDLE_MS };
    this.#agent =
      this.#base.protocol === 'https:'
        ? new HttpsAgent({ ...options, secureContext: trusting(target.caFile) })
        : new HttpAgent(options);
  }

  /**
   * @returns the whole answer, for what is answered in a few octets
   * @throws {S3Error} what the store refuses; {StorageError} 'unavailable', 'disk-full'
   */
  request(asked: S3Request): Promise<S3Answer> {
    return this.#withRetries(asked, async () => {
      const answer = await this.#open(asked);
      try {
        const body = await readBounded(answer);
        // A copy, or the end of an upload in parts, may fail after its 200.
        const code = body.includes('<Error>') ? textOf(body, 'Code') : null;
        if (code !== null) throw new S3Error(describe(asked), 500, code);
        return { headers: answer.headers, body };
      } catch (error) {
        throw error instanceof S3Error ? error : noAnswer(asked, error);
      }
    });
  }

  /** As `request`, but the answer is left to be read; who does so destroys it. */
  open(asked: S3Request): Promise<IncomingMessage> {
    return this.#withRetries(asked, () => this.#open(asked));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #withRetries<Result>(asked: S3Request, attempt: () => Promise<Result>): Promise<Result> {
    const giveUpAt = performance.now() + RETRY_FOR_MS;
    for (let failures = 1; ; failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        if (error.status === FULL_STATUS || FULL_CODES.has(error.code)) {
          throw new StorageError('disk-full', 'The object store is full', { cause: error });
        }
        if (!error.isTransient) throw error;
        const pauseMs = FIRST_PAUSE_MS * 2 ** (failures - 1) * (1 + Math.random());
        if (failures >= ATTEMPTS || performance.now() + pauseMs > giveUpAt) {
          throw new StorageError('unavailable', `The object store fails: ${describe(asked)}`, { cause: error });
        }
        await wait(pauseMs);
      }
    }
  }

  /** One attempt, up to the header of an answer that says yes. */
  async #open(asked: S3Request): Promise<IncomingMessage> {
    const answer = await this.#send(asked).catch((error: unknown) => {
      throw noAnswer(asked, error);
    });
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const text = await readBounded(answer).catch(() => '');
    throw new S3Error(describe(asked), status, textOf(text, 'Code') ?? '');
  }

  async #send(asked: S3Request): Promise<IncomingMessage> {
    const { method, body } = asked;
    const { url, headers } = await this.#sign(asked);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return await new Promise((resolve, reject) => {
      const request = send(url, { method, headers, agent: this.#agent }, resolve);
      request.setTimeout(IDLE_MS, () => request.destroy(new Error(`nothing came for ${IDLE_MS / 1_000} s`)));
      request.once('error', reject);
      request.end(body);
    });
  }

  async #sign({ method, key, query = {}, headers = {}, body }: S3Request) {
    const { region, accessKeyId, secretAccessKey, bucket, pathStyle } = this.#target;
    const url = new URL(this.#base);
    url.pathname = pathStyle ? `/${bucket}/${key}` : `/${key}`;
    url.search = Object.entries(query)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join('&');
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: {
        ...headers,
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
      cache: this.#derivedKeys,
    });
    const signed = await signer.sign();
    const length = method === 'PUT' || method === 'POST' ? { 'content-length': String(body?.length ?? 0) } : {};
    return { url, headers: { ...Object.fromEntries(signed.headers), ...length } };
  }
}

function describe({ method, key, query = {} }: S3Request): string {
  const [what] = Object.keys(query);
  return `${method} /${key}${what === undefined ? '' : `?${what}`}`;
}

function noAnswer(asked: S3Request, cause: unknown): S3Error {
  return new S3Error(describe(asked), 0, '', { cause });
}

async function readBounded(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of answer) {
    pieces.push(piece);
    octets += piece.length;
    if (octets > LARGEST_ANSWER_OCTETS) throw new Error(`an answer of more than ${LARGEST_ANSWER_OCTETS} octets`);
  }
  return Buffer.concat(pieces).toString();
}

/** Made once: reading all certificates of the system takes a while. */
function trusting(caFile: string | undefined) {
  const ca =
    caFile === undefined
      ? [...getCACertificates('default'), ...getCACertificates('system')]
      : [readFileSync(caFile, 'utf8')];
  return createSecureContext({ ca });
}

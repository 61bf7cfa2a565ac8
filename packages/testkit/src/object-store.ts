import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { checkSignature, type SignedRequest } from './check-signature.ts';
import { S3Refusal } from './s3-refusal.ts';

export interface ObjectStoreOptions {
  /** Where it listens: an address of this machine, or of this network namespace. */
  readonly host?: string;
  /** 0: a free one. */
  readonly port?: number;
}

/** An object in the bucket. A test may change it, as a disk that rots does, or make it older. */
export interface StoredObject {
  octets: Buffer;
  modifiedAt: Date;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
  initiatedAt: Date;
}

/** What a request asks for, its signature checked. */
interface Asked extends SignedRequest {
  /** '' for the bucket itself. */
  readonly key: string;
}

const BUCKET = 'mail';
const REGION = 'test-1';
/** All parts of an upload but the last have this at least, or it is refused. */
const LEAST_PART_OCTETS = 5 * 1024 * 1024;
const LISTED_AT_ONCE = 1_000;

/**
 * A store of objects that speaks the S3 protocol over HTTP, as far as Postel needs it, and holds everything in memory. It
 * refuses requests that are not signed as Signature Version 4 asks, computed here from its description.
 */
export class ObjectStore implements AsyncDisposable {
  readonly bucket = BUCKET;
  readonly region = REGION;
  readonly accessKeyId = 'POSTELTESTKEY';
  readonly secretAccessKey = randomBytes(20).toString('hex');
  /** By key. */
  readonly objects = new Map<string, StoredObject>();
  /** Uploads in parts that were neither completed nor aborted, by id. */
  readonly uploads = new Map<string, Upload>();
  /** What was asked, `PUT KEY` or `PUT KEY?partNumber`, in order. */
  readonly requests: string[] = [];
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** What Postel's configuration says of it: see `blobs.s3`. @param endpoint of a proxy before it */
  settings(endpoint = this.endpoint) {
    const { bucket, region, accessKeyId, secretAccessKey } = this;
    return { endpoint, bucket, region, prefix: 'blobs/', accessKeyId, secretAccessKey };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const asked = await this.#read(request);
      const [what] = asked.query.keys();
      this.requests.push(`${asked.method} ${asked.key}${what === undefined ? '' : `?${what}`}`);
      this.#answer(asked, response);
    } catch (error) {
      if (response.destroyed) return; // cut in the middle: nothing is stored
      const { status, code } = error instanceof S3Refusal ? error : { status: 500, code: 'InternalError' };
      answerXml(response, status, `<Error><Code>${code}</Code><Message>${String(error)}</Message></Error>`);
    }
  }

  async #read(request: IncomingMessage): Promise<Asked> {
    const body = await buffer(request);
    const { method = '', url = '', headers } = request;
    const [path = '', query = ''] = url.split('?', 2);
    const signed: SignedRequest = {
      method,
      path,
      query: parseQuery(query),
      headers,
      body,
    };
    checkSignature(signed, this);
    const inHost = (headers.host ?? '').startsWith(`${BUCKET}.`);
    const place = decodeURIComponent(path).slice(1);
    if (inHost) return { ...signed, key: place };
    const [bucket, ...key] = place.split('/');
    if (bucket !== BUCKET) throw new S3Refusal(404, 'NoSuchBucket');
    return { ...signed, key: key.join('/') };
  }

  #answer(asked: Asked, response: ServerResponse): void {
    const { method, key, query, headers } = asked;
    const uploadId = query.get('uploadId');
    if (key === '') this.#answerForBucket(asked, response);
    else if (method === 'POST' && query.has('uploads')) this.#beginUpload(key, response);
    else if (method === 'POST' && uploadId !== undefined) this.#completeUpload(asked, uploadId, response);
    else if (method === 'PUT' && uploadId !== undefined) this.#takePart(asked, uploadId, response);
    else if (method === 'DELETE' && uploadId !== undefined) this.#abortUpload(key, uploadId, response);
    else if (method === 'PUT' && headers['x-amz-copy-source'] !== undefined) this.#copy(asked, response);
    else if (method === 'PUT') this.#putBody(asked, response);
    else if (method === 'DELETE') this.#delete(key, response);
    else if (method === 'GET' || method === 'HEAD') this.#get(asked, response);
    else throw new S3Refusal(405, 'MethodNotAllowed');
  }

  #answerForBucket({ method, query }: Asked, response: ServerResponse): void {
    if (method === 'GET' && query.get('list-type') === '2') this.#list(query, response);
    else if (method === 'GET' && query.has('uploads')) this.#listUploads(query.get('prefix') ?? '', response);
    else if (method === 'HEAD') response.writeHead(200).end();
    else throw new S3Refusal(405, 'MethodNotAllowed');
  }

  #putBody({ key, body }: Asked, response: ServerResponse): void {
    this.#put(key, body);
    response.writeHead(200, { etag: etagOf(body) }).end();
  }

  #delete(key: string, response: ServerResponse): void {
    this.objects.delete(key);
    response.writeHead(204).end();
  }

  #abortUpload(key: string, uploadId: string, response: ServerResponse): void {
    this.#upload(key, uploadId);
    this.uploads.delete(uploadId);
    response.writeHead(204).end();
  }

  #get({ key, method, headers }: Asked, response: ServerResponse): void {
    const octets = this.#object(key).octets;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined || last === undefined) {
      response.writeHead(200, { 'content-length': octets.length, etag: etagOf(octets) });
      response.end(method === 'HEAD' ? undefined : octets);
      return;
    }
    if (Number(first) >= octets.length) throw new S3Refusal(416, 'InvalidRange');
    const part = octets.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${octets.length}`;
    response.writeHead(206, { 'content-length': part.length, 'content-range': range }).end(part);
  }

  #copy({ key, headers }: Asked, response: ServerResponse): void {
    const source = decodeURIComponent(String(headers['x-amz-copy-source'])).replace(/^\//, '');
    if (!source.startsWith(`${BUCKET}/`)) throw new S3Refusal(404, 'NoSuchBucket');
    const { octets } = this.#object(source.slice(BUCKET.length + 1));
    this.#put(key, octets);
    answerXml(response, 200, `<CopyObjectResult><ETag>${escapeXml(etagOf(octets))}</ETag></CopyObjectResult>`);
  }

  #beginUpload(key: string, response: ServerResponse): void {
    const id = `${randomBytes(12).toString('base64')}/+=`; // to be encoded in a query
    this.uploads.set(id, { key, parts: new Map(), initiatedAt: new Date() });
    const result = `<Key>${escapeXml(key)}</Key><UploadId>${escapeXml(id)}</UploadId>`;
    answerXml(response, 200, `<InitiateMultipartUploadResult>${result}</InitiateMultipartUploadResult>`);
  }

  #takePart({ key, query, body }: Asked, uploadId: string, response: ServerResponse): void {
    const number = Number(query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new S3Refusal(400, 'InvalidArgument');
    this.#upload(key, uploadId).parts.set(number, body);
    response.writeHead(200, { etag: etagOf(body) }).end();
  }

  #completeUpload({ key, body }: Asked, uploadId: string, response: ServerResponse): void {
    const { parts, initiatedAt } = this.#upload(key, uploadId);
    const named = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
    }));
    const pieces = named.map(({ number, etag }, i) => {
      const octets = parts.get(number);
      if (octets === undefined || etagOf(octets) !== etag) throw new S3Refusal(400, 'InvalidPart');
      if (number <= (named[i - 1]?.number ?? 0)) throw new S3Refusal(400, 'InvalidPartOrder');
      if (i < named.length - 1 && octets.length < LEAST_PART_OCTETS) throw new S3Refusal(400, 'EntityTooSmall');
      return octets;
    });
    if (pieces.length === 0) throw new S3Refusal(400, 'MalformedXML');
    this.#put(key, Buffer.concat(pieces), initiatedAt); // as S3 does
    this.uploads.delete(uploadId);
    const result = `<Key>${escapeXml(key)}</Key>`;
    answerXml(response, 200, `<CompleteMultipartUploadResult>${result}</CompleteMultipartUploadResult>`);
  }

  #list(query: ReadonlyMap<string, string>, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const most = Math.min(Number(query.get('max-keys') ?? LISTED_AT_ONCE), LISTED_AT_ONCE);
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const listed = keys.slice(0, most);
    const contents = listed.map((key) => {
      const { octets, modifiedAt } = this.#object(key);
      return `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><Size>${octets.length}</Size></Contents>`;
    });
    const isTruncated = keys.length > listed.length;
    const next = isTruncated ? `<NextContinuationToken>${escapeXml(listed.at(-1) ?? '')}</NextContinuationToken>` : '';
    const result = `<IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}`;
    answerXml(response, 200, `<ListBucketResult>${result}</ListBucketResult>`);
  }

  #listUploads(prefix: string, response: ServerResponse): void {
    const uploads = [...this.uploads]
      .filter(([, { key }]) => key.startsWith(prefix))
      .map(([id, { key, initiatedAt }]) => {
        const upload = `<Key>${escapeXml(key)}</Key><UploadId>${escapeXml(id)}</UploadId>`;
        return `<Upload>${upload}<Initiated>${initiatedAt.toISOString()}</Initiated></Upload>`;
      });
    const result = `<IsTruncated>false</IsTruncated>${uploads.join('')}`;
    answerXml(response, 200, `<ListMultipartUploadsResult>${result}</ListMultipartUploadsResult>`);
  }

  #put(key: string, octets: Buffer, modifiedAt = new Date()): void {
    this.objects.set(key, { octets, modifiedAt });
  }

  #object(key: string): StoredObject {
    const object = this.objects.get(key);
    if (object === undefined) throw new S3Refusal(404, 'NoSuchKey');
    return object;
  }

  #upload(key: string, id: string): Upload {
    const upload = this.uploads.get(id);
    if (upload?.key !== key) throw new S3Refusal(404, 'NoSuchUpload');
    return upload;
  }
}

/** Starts one on 127.0.0.1, or where `options` say. Dispose of it with `await using`. */
export async function startObjectStore({
  host = '127.0.0.1',
  port = 0,
}: ObjectStoreOptions = {}): Promise<ObjectStore> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  return new ObjectStore(server);
}

/** `+` is itself here, unlike in a form. */
function parseQuery(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('&').filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2);
      return [decodeURIComponent(name), decodeURIComponent(value)];
    }),
  );
}

function etagOf(octets: Buffer): string {
  return `"${createHash('md5').update(octets).digest('hex')}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

function answerXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

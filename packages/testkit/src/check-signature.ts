import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './s3-refusal.ts';

export interface SignedRequest {
  readonly method: string;
  /** As it was sent, percent-encoded. */
  readonly path: string;
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MOST_SKEW_MS = 15 * 60_000;
const AUTHORIZATION = /^AWS4-HMAC-SHA256 Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/;

/**
 * Checks the Authorization header field of AWS Signature Version 4, as "Create a signed AWS API request" describes it for S3:
 * the path is encoded once, and the hash of the body is a header field of its own.
 *
 * @param now epoch ms
 * @throws {S3Refusal}
 */
export function checkSignature(request: SignedRequest, keys: Keys, now = Date.now()): void {
  const { headers, body } = request;
  const [, credential = '', signedHeaders = '', signature = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? [];
  if (signature === '') throw new S3Refusal(403, 'AccessDenied');
  const time = String(headers['x-amz-date']);
  const day = time.slice(0, 8);
  const scope = `${day}/${keys.region}/s3/aws4_request`;
  if (!credential.startsWith(`${keys.accessKeyId}/`)) throw new S3Refusal(403, 'InvalidAccessKeyId');
  if (credential !== `${keys.accessKeyId}/${scope}`) throw new S3Refusal(400, 'AuthorizationHeaderMalformed');
  if (!(Math.abs(now - parseTime(time)) <= MOST_SKEW_MS)) throw new S3Refusal(403, 'RequestTimeTooSkewed');

  const names = signedHeaders.split(';');
  const mustBeSigned = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (mustBeSigned.some((name) => !names.includes(name))) throw new S3Refusal(403, 'AccessDenied');
  const expected = sign(stringToSign(request, names, time, scope), day, keys);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) {
    throw new S3Refusal(403, 'SignatureDoesNotMatch');
  }
  const said = headers['x-amz-content-sha256'];
  if (said !== sha256(body)) throw new S3Refusal(400, 'XAmzContentSHA256Mismatch');
}

function stringToSign(
  { method, path, query, headers }: SignedRequest,
  names: readonly string[],
  time: string,
  scope: string,
): string {
  const canonical = [
    method,
    path
      .split('/')
      .map((segment) => encode(decodeURIComponent(segment)))
      .join('/'),
    [...query]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...names.map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replaceAll(/ +/g, ' ')}`,
    ),
    '',
    names.join(';'),
    String(headers['x-amz-content-sha256']),
  ].join('\n');
  return [ALGORITHM, time, scope, sha256(canonical)].join('\n');
}

function sign(text: string, day: string, { secretAccessKey, region }: Keys): string {
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex');
}

/** RFC 3986 §2.3: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `20261122T205539Z` */
function parseTime(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

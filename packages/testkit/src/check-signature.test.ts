import { expect, test } from 'vitest';
import { checkSignature, type SignedRequest } from './check-signature.ts';

// The examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API reference.
const KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
};
const NOW = Date.UTC(2013, 4, 24);
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function requestOf(
  path: string,
  query: readonly (readonly [string, string])[],
  signature: string,
  range?: string,
): SignedRequest {
  const names = ['host', ...(range === undefined ? [] : ['range']), 'x-amz-content-sha256', 'x-amz-date'].join(';');
  const scope = `${KEYS.accessKeyId}/20130524/us-east-1/s3/aws4_request`;
  return {
    method: 'GET',
    path,
    query: new Map(query),
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      ...(range === undefined ? {} : { range }),
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${names},Signature=${signature}`,
    },
    body: Buffer.alloc(0),
  };
}

const GET_OBJECT = requestOf(
  '/test.txt',
  [],
  'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  'bytes=0-9',
);
const LIST = requestOf(
  '/',
  [
    ['max-keys', '2'],
    ['prefix', 'J'],
  ],
  '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
);

test('the signatures that the description of S3 gives are right', () => {
  checkSignature(GET_OBJECT, KEYS, NOW);
  checkSignature(LIST, KEYS, NOW);
});

test.for<[string, Partial<SignedRequest>, string]>([
  ['another path', { path: '/test.tx' }, 'SignatureDoesNotMatch'],
  ['another method', { method: 'PUT' }, 'SignatureDoesNotMatch'],
  ['another query', { query: new Map([['acl', '']]) }, 'SignatureDoesNotMatch'],
  ['another range', { headers: { ...GET_OBJECT.headers, range: 'bytes=0-8' } }, 'SignatureDoesNotMatch'],
  ['another body', { body: Buffer.from('x') }, 'XAmzContentSHA256Mismatch'],
  ['a header field of S3 unsigned', { headers: { ...GET_OBJECT.headers, 'x-amz-acl': 'public-read' } }, 'AccessDenied'],
  ['no signature', { headers: {} }, 'AccessDenied'],
])('with %s a request is refused', ([, other, code]) => {
  expect(() => checkSignature({ ...GET_OBJECT, ...other }, KEYS, NOW)).toThrow(code);
});

test('a request of yesterday, or by another key, is refused', () => {
  expect(() => checkSignature(GET_OBJECT, KEYS, NOW + 86_400_000)).toThrow('RequestTimeTooSkewed');
  expect(() => checkSignature(GET_OBJECT, { ...KEYS, accessKeyId: 'OTHER' }, NOW)).toThrow('InvalidAccessKeyId');
  expect(() => checkSignature(GET_OBJECT, { ...KEYS, secretAccessKey: 'x' }, NOW)).toThrow('SignatureDoesNotMatch');
});

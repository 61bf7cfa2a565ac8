import { join, resolve } from 'node:path';
import type { BlobTarget, S3Settings } from './blob-target.ts';
import { readSecretFile } from './read-secret-file.ts';
import type { SettingReader } from './setting-reader.ts';

/** Where many stores that are not Amazon's say that they are. */
const USUAL_REGION = 'us-east-1';
/** As other programs that speak to S3 have them. */
const VARIABLES = { accessKeyId: 'AWS_ACCESS_KEY_ID', secretAccessKey: 'AWS_SECRET_ACCESS_KEY' } as const;
/** A bucket's name is a label or several of a host name; the keys need no encoding. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^([\w.-]+\/)*$/;

/**
 * `blobDirectory`, or `blobs.s3`.
 *
 * @param base what relative paths start from
 */
export function readBlobs(file: SettingReader, dataDirectory: string, base: string): BlobTarget {
  const blobs = file.section('blobs');
  if (!blobs.has('s3')) {
    const directory = file.has('blobDirectory') ? resolve(base, file.at('blobDirectory').text()) : null;
    return { directory: directory ?? join(dataDirectory, 'blobs') };
  }
  if (file.has('blobDirectory')) file.at('blobDirectory').refuse('is not for blobs in S3: leave one of both out');
  return { s3: readS3(blobs.at('s3'), base) };
}

function readS3(s3: SettingReader, base: string): S3Settings {
  return {
    endpoint: endpoint(s3.at('endpoint')),
    bucket: matching(s3.at('bucket'), BUCKET, 'must be the name of a bucket, such as example-mail'),
    region: s3.has('region') ? s3.at('region').text() : USUAL_REGION,
    prefix: s3.has('prefix')
      ? matching(s3.at('prefix'), PREFIX, 'must be letters, digits, ".", "_" and "-", and end in "/"')
      : '',
    accessKeyId: s3.has('accessKeyId')
      ? s3.at('accessKeyId').text()
      : fromEnvironment(s3.at('accessKeyId'), VARIABLES.accessKeyId),
    secretAccessKey: secret(s3, base),
    pathStyle: s3.has('pathStyle') ? s3.at('pathStyle').boolean() : true,
    ...(s3.has('caFile') && { caFile: resolve(base, s3.at('caFile').text()) }),
  };
}

function endpoint(setting: SettingReader): string {
  const text = setting.text();
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWhole = url !== null && `${url.protocol}//${url.host}` === text.replace(/\/$/, '');
  // Not shown: somebody may have put a password there.
  if (!isWhole || !/^https?:$/.test(url.protocol))
    setting.refuse('must have the form https://HOST or https://HOST:PORT');
  return text.replace(/\/$/, '');
}

function matching(setting: SettingReader, form: RegExp, what: string): string {
  if (setting.is('')) return '';
  const text = setting.text();
  if (!form.test(text)) setting.refuse(what);
  return text;
}

function secret(s3: SettingReader, base: string): string {
  if (s3.has('secretAccessKey')) return s3.at('secretAccessKey').text();
  if (s3.has('secretAccessKeyFile')) return readSecretFile(s3.at('secretAccessKeyFile'), base);
  return fromEnvironment(s3.at('secretAccessKey'), VARIABLES.secretAccessKey);
}

function fromEnvironment(setting: SettingReader, variable: string): string {
  const text = process.env[variable] ?? '';
  if (text === '') setting.refuse(`must be said, or the environment variable ${variable} must`);
  return text;
}

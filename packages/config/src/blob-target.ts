import type { SettingReader } from './setting-reader.ts';

/** A bucket of an S3-compatible store. */
export interface S3Settings {
  /** `https://s3.example.com`, without a path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Before every key: ends in `/`, or is empty. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket stands in the path, or else before the endpoint's host name. */
  readonly pathStyle: boolean;
  /** PEM: who may have signed the endpoint's certificate; without it, those whom the system trusts. */
  readonly caFile?: string;
}

/** Where contents over 128 kB are. */
export type BlobTarget = { readonly directory: string } | { readonly s3: S3Settings };

/** @throws {SettingsError} */
export function parseBlobTarget(settings: SettingReader): BlobTarget {
  if (settings.has('directory')) return { directory: settings.at('directory').text() };
  const s3 = settings.at('s3');
  const text = (name: string) => s3.at(name).text();
  return {
    s3: {
      endpoint: text('endpoint'),
      bucket: text('bucket'),
      region: text('region'),
      prefix: s3.at('prefix').is('') ? '' : text('prefix'),
      accessKeyId: text('accessKeyId'),
      secretAccessKey: text('secretAccessKey'),
      pathStyle: s3.at('pathStyle').boolean(),
      ...(s3.has('caFile') && { caFile: text('caFile') }),
    },
  };
}

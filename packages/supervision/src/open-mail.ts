import type { MailServerSettings, OAuthIssuer } from '@postel/config';
import { type Directory, openDirectory } from '@postel/directory';
import type { TokenValidator } from '@postel/oauth';
import { type Database, DiskReserve, openBlobs, openDatabase, Store } from '@postel/storage';
import { measureLoginLimits } from './login-limit-metrics.ts';
import type { AppContext } from './run-app.ts';
import { ServerCertificates } from './server-certificates.ts';
import { StorageWatch } from './storage-watch.ts';

/** What every process of a mail protocol has open. */
export interface OpenMail {
  readonly certificates: ServerCertificates;
  /** What the others are on. */
  readonly database: Database;
  readonly store: Store;
  readonly directory: Directory;
  close(): Promise<void>;
}

/**
 * Opens the certificates, the database, and the mail and the accounts in it, watched for logs and metrics.
 *
 * @param maxConnections to the database: as many accounts can be written to at once
 * @throws {CertificateError} what is wrong with the files
 */
export async function openMail(
  settings: MailServerSettings,
  { log, metrics }: AppContext,
  maxConnections: number,
): Promise<OpenMail> {
  const { blobs, databaseDirectory, hostname, processName, reserveOctets } = settings;
  const certificates = await ServerCertificates.read(settings.certificates);
  for (const warning of certificates.warnings(hostname)) log.warn(warning);
  const { onDown, onUp, onReserveChange, measure } = new StorageWatch(log);
  const applicationName = `postel ${processName}`;
  const database = openDatabase(settings.database, { applicationName, maxConnections, onDown, onUp });
  const blobDirectory = 'directory' in blobs ? blobs.directory : undefined;
  const directories = [blobDirectory, databaseDirectory].filter((directory) => directory !== undefined);
  const reserve = new DiskReserve({ directories, octets: reserveOctets, onChange: onReserveChange });
  measure({ database, reserve }, metrics);
  const onError = (error: unknown) => log.warn({ err: error }, 'storage');
  const store = new Store(database, { blobs: await openBlobs(blobs, reserve), reserve, onError });
  const directory = openDirectory(database, {
    ...settings.login,
    tokenValidator: await openTokenValidator(settings.oauthIssuers ?? []),
    onTokenRefused: ({ fault, address }) => log.info({ fault, address }, 'access token refused'),
    onWarning: (message, err) => log.warn({ err }, message),
  });
  void directory.start(); // nobody waits for a database that is away
  measureLoginLimits(directory.loginLimits, metrics);
  return {
    certificates,
    database,
    store,
    directory,
    async close() {
      await store.close();
      await directory.close();
      await database.close();
    },
  };
}

/** Loaded only where tokens are taken. */
async function openTokenValidator(issuers: readonly OAuthIssuer[]): Promise<TokenValidator | null> {
  if (issuers.length === 0) return null;
  const { TokenValidator } = await import('@postel/oauth');
  return new TokenValidator(issuers);
}

import { fileURLToPath } from 'node:url';
import {
  type AppSettings,
  type CertificateFiles,
  type DatabaseTarget,
  DEFAULT_RESERVE_OCTETS,
  type ImapSettings,
  type SmtpSettings,
} from '@postel/config';
import type { DataDirectory } from '../data-directory/data-directory.ts';
import { LOOPBACK, type Ports } from './ports.ts';

/** An app process to be started: its main.ts, by path, and what it is told. */
export interface AppPlan {
  readonly entry: string;
  readonly settings: AppSettings;
}

export interface ServerParts {
  readonly directory: DataDirectory;
  readonly database: DatabaseTarget;
  readonly certificates: CertificateFiles;
  readonly ports: Ports;
}

/** The app processes of `localserve`. LOGIN and PLAIN without TLS are allowed here, on loopback, and nowhere else. */
export function planApps({ directory, database, certificates, ports }: ServerParts): readonly AppPlan[] {
  const common = {
    hostname: 'localhost',
    database,
    certificates: [certificates],
    blobDirectory: directory.blobs,
    reserveOctets: DEFAULT_RESERVE_OCTETS,
    ...('url' in database ? {} : { databaseDirectory: directory.postgres }),
  };
  const implicit = { host: LOOPBACK, tls: 'implicit', allowPlaintextLogin: true } as const;
  const starttls = { host: LOOPBACK, tls: 'starttls', allowPlaintextLogin: true } as const;
  const imap: ImapSettings = {
    ...common,
    processName: 'imap',
    listeners: [
      { ...starttls, port: ports.imap },
      { ...implicit, port: ports.imaps },
    ],
  };
  const smtp: SmtpSettings = {
    ...common,
    processName: 'smtp',
    listeners: [
      { ...starttls, kind: 'submission', port: ports.submission },
      { ...implicit, kind: 'submission', port: ports.submissions },
      { ...starttls, kind: 'mx', port: ports.mx },
      { ...starttls, kind: 'lmtp', port: ports.lmtp },
    ],
  };
  return [
    { entry: entryOf('imap'), settings: imap },
    { entry: entryOf('smtp'), settings: smtp },
  ];
}

/** Apps never import one another: this path is all that one knows of the other. */
function entryOf(app: string): string {
  return fileURLToPath(new URL(`../../../${app}/src/main.ts`, import.meta.url));
}

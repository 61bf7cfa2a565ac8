import {
  DEFAULT_LOGIN_HISTORY_DAYS,
  DEFAULT_MAIL_HISTORY_DAYS,
  DEFAULT_MESSAGE_OCTETS,
  DEFAULT_REPORT_DAYS,
  DEFAULT_RESERVE_OCTETS,
  DEFAULT_TOMBSTONE_DAYS,
  type ImapSettings,
  type SmtpSettings,
  type WebSettings,
} from '@postel/config';
import type { AppPlan } from '@postel/supervision';
import { serverFiles } from '../certificates/local-certificates.ts';
import { planApp, planHousekeeping } from '../supervisor/plan-app.ts';
import type { ServerParts } from '../supervisor/run-server.ts';
import { LOOPBACK, type Ports } from './ports.ts';

export interface LocalServerParts extends ServerParts {
  readonly ports: Ports;
}

/** The app processes of `localserve`. LOGIN and PLAIN without TLS are allowed here, on loopback, and nowhere else. */
export function planApps({ directory, database, ports }: LocalServerParts): readonly AppPlan[] {
  const common = {
    hostname: 'localhost',
    database,
    certificates: [serverFiles(directory)],
    blobs: { directory: directory.blobs },
    messageOctets: DEFAULT_MESSAGE_OCTETS,
    reserveOctets: DEFAULT_RESERVE_OCTETS,
    // Who tries something out here is one person, at one address.
    login: { trustedNetworks: ['127.0.0.1/32', '::1/128'] },
    ...('url' in database ? {} : { databaseDirectory: directory.postgres }),
  };
  const people = { host: LOOPBACK, allowPlaintextLogin: true, asksClientCertificate: true } as const;
  const implicit = { ...people, tls: 'implicit' } as const;
  const starttls = { ...people, tls: 'starttls' } as const;
  const servers = { ...starttls, asksClientCertificate: false } as const;
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
    recordsMail: true,
    listeners: [
      { ...starttls, kind: 'submission', port: ports.submission },
      { ...implicit, kind: 'submission', port: ports.submissions },
      { ...servers, kind: 'mx', port: ports.mx },
      { ...servers, kind: 'lmtp', port: ports.lmtp },
    ],
  };
  const { imap: imapPort, imaps, submission, submissions } = ports;
  const web: WebSettings = {
    ...common,
    processName: 'web',
    listeners: [{ host: LOOPBACK, port: ports.web, isTls: false }],
    keySignIn: {
      listeners: [{ host: LOOPBACK, port: ports.webKeys }],
      origin: `https://localhost:${ports.webKeys}`,
    },
    mailPorts: { imap: imapPort, imaps, submission, submissions },
    status: { host: LOOPBACK, port: ports.metrics },
    secretKeyFile: directory.secretKey,
  };
  const housekeeping = planHousekeeping({
    processName: 'housekeeping',
    database,
    blobs: common.blobs,
    hostname: common.hostname,
    tombstoneDays: DEFAULT_TOMBSTONE_DAYS,
    loginHistoryDays: DEFAULT_LOGIN_HISTORY_DAYS,
    mailHistoryDays: DEFAULT_MAIL_HISTORY_DAYS,
    reportDays: DEFAULT_REPORT_DAYS,
  });
  return [planApp('imap', imap), planApp('smtp', smtp), planApp('admin-web', web), housekeeping];
}

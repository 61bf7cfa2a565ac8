import type { Address, TlsMode } from '@postel/config';
import type { Invocation } from './command.ts';
import { CommandError } from './command-error.ts';
import { findPlace, findRunning } from './running-servers.ts';
import { readConfigurationOrExplain } from './serve/find-configuration.ts';
import type { NamedServer } from './which-server.ts';

/** Where a mail program reads mail, or sends it. */
export interface ClientService {
  readonly protocol: 'IMAP' | 'SMTP';
  readonly host: string;
  readonly port: number;
  readonly security: 'TLS' | 'STARTTLS';
}

/** The services that people log in to, those with TLS from the first octet before others (RFC 8314 §3). @throws {CommandError} */
export async function clientServices(server: NamedServer, invocation: Invocation): Promise<readonly ClientService[]> {
  const place = await findPlace(server, invocation);
  if (place.file !== null) {
    const { hostname, imap, smtp } = await readConfigurationOrExplain(place.file);
    const at = (protocol: ClientService['protocol'], mode: TlsMode, [first]: readonly Address[]) =>
      first === undefined ? [] : [service(protocol, hostname, first.port, mode)];
    return [
      ...at('IMAP', 'implicit', imap.imaps),
      ...at('IMAP', 'starttls', imap.imap),
      ...at('SMTP', 'implicit', smtp.submissions),
      ...at('SMTP', 'starttls', smtp.submission),
    ];
  }
  const [running] = findRunning(place);
  if (running === undefined) {
    throw new CommandError(
      `No server runs on ${place.directory.path}: start it, or name a configuration file by --config.`,
    );
  }
  const at = (protocol: ClientService['protocol'], mode: TlsMode, name: string) => {
    const port = running.ports[name];
    return port === undefined ? [] : [service(protocol, 'localhost', port, mode)];
  };
  return [
    ...at('IMAP', 'implicit', 'imaps'),
    ...at('IMAP', 'starttls', 'imap'),
    ...at('SMTP', 'implicit', 'submissions'),
    ...at('SMTP', 'starttls', 'submission'),
  ];
}

function service(protocol: ClientService['protocol'], host: string, port: number, mode: TlsMode): ClientService {
  return { protocol, host, port, security: mode === 'implicit' ? 'TLS' : 'STARTTLS' };
}

import { readFileSync } from 'node:fs';
import { checkServerIdentity, type ConnectionOptions as TlsOptions } from 'node:tls';

/** Where the database is: a URL (`postgres://user:password@host:port/database`), or the socket of the embedded one. */
export type DatabaseTarget =
  | { readonly url: string }
  | { readonly socketDirectory: string; readonly database: string; readonly user: string };

/** One server of those that a URL names, and how to log in to it. */
export interface DatabaseServer {
  /** A Unix socket's path, or a host and its port. */
  readonly at: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Null: without TLS. 'prefer': with it if the server has it, whoever the server is. Files are read when it is called. */
  readonly tls: null | 'prefer' | (() => TlsOptions);
  /** Settings for the session (`options`, `work_mem` ...). */
  readonly parameters: Readonly<Record<string, string>>;
}

/** It follows another server, and takes no changes. */
export class StandbyError extends Error {
  override readonly name = 'StandbyError';
  readonly code = 'STANDBY';

  constructor({ at }: DatabaseServer) {
    super(`The Postgres at ${'path' in at ? at.path : `${at.host}:${at.port}`} is a standby, which takes no changes`);
  }
}

/**
 * The servers of a database, of which one is the primary: `postgres://user@one,two,three/postel`. All reads and writes go to
 * the primary, because what a standby shows is from before.
 */
export class DatabaseServers {
  readonly #servers: readonly DatabaseServer[];
  /** The one that was the primary when it was last asked. */
  #first = 0;

  constructor(target: DatabaseTarget) {
    this.#servers = serversOf(target);
  }

  /**
   * Tries one after the other, beginning with the one that worked last.
   *
   * @param open throws if it cannot use the server
   * @throws what it threw of the first server
   */
  async try<Result>(open: (server: DatabaseServer) => Promise<Result>): Promise<Result> {
    const failures: unknown[] = [];
    for (let i = 0; i < this.#servers.length; i++) {
      const index = (this.#first + i) % this.#servers.length;
      const server = this.#servers[index];
      if (server === undefined) break;
      try {
        const result = await open(server);
        this.#first = index;
        return result;
      } catch (error) {
        failures.push(error);
      }
    }
    throw failures[0];
  }
}

const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/;
const HOST_FORM = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d+))?$/i;
const DEFAULT_PORT = 5432;

/** Of libpq, and not for the server. What `target_session_attrs` can ask for, other than the primary, is no use here. */
const OF_THE_CLIENT = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'target_session_attrs'];

function serversOf(target: DatabaseTarget): readonly DatabaseServer[] {
  if (!('url' in target)) {
    const { socketDirectory, database, user } = target;
    return [{ at: socketIn(socketDirectory), user, password: '', database, tls: null, parameters: {} }];
  }
  const [, login = '', hosts = '', database = '', query = ''] = URL_FORM.exec(target.url) ?? [];
  const [user = '', ...password] = login.split(':');
  const parameters = new URLSearchParams(query);
  const common = {
    user: decodeURIComponent(user) || 'postgres',
    password: decodeURIComponent(password.join(':')),
    database: decodeURIComponent(database) || decodeURIComponent(user) || 'postgres',
    parameters: Object.fromEntries([...parameters].filter(([name]) => !OF_THE_CLIENT.includes(name))),
  };
  return (parameters.get('host') ?? decodeURIComponent(hosts)).split(',').map((text) => {
    const [, name = '', port = DEFAULT_PORT] = text.startsWith('/')
      ? [text, text, HOST_FORM.exec(hosts)?.[2]]
      : (HOST_FORM.exec(text) ?? []);
    if (name.startsWith('/')) return { ...common, at: socketIn(name, Number(port)), tls: null };
    const host = name.replace(/^\[|\]$/g, '') || 'localhost';
    return { ...common, at: { host, port: Number(port) }, tls: tlsTo(host, parameters) };
  });
}

function socketIn(directory: string, port = DEFAULT_PORT) {
  return { path: `${directory}/.s.PGSQL.${port}` };
}

/** The modes of libpq: https://www.postgresql.org/docs/18/libpq-ssl.html */
function tlsTo(host: string, parameters: URLSearchParams): DatabaseServer['tls'] {
  const mode = parameters.get('sslmode') ?? 'disable';
  if (mode === 'disable') return null;
  if (mode === 'prefer' || mode === 'allow') return 'prefer';
  const read = (name: string) => {
    const file = parameters.get(name);
    return file === null || file === 'system' ? undefined : readFileSync(file);
  };
  return () => ({
    // With the system's authorities if no file is named.
    ca: read('sslrootcert'),
    cert: read('sslcert'),
    key: read('sslkey'),
    rejectUnauthorized: mode !== 'require' || parameters.has('sslrootcert'),
    // Ours, because Node would compare the certificate with `localhost` where the server is named by its address.
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  });
}

import { existsSync } from 'node:fs';
import type { DatabaseTarget } from '@postel/config';

/** How psql is told where the database is. */
export interface PsqlConnection {
  /** For its command line, where everybody on the machine may read it: without a password. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** What libpq takes in a URL; anything else that stands there is a setting of the session, as storage has it. */
const OF_LIBPQ = ['host', 'port', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'target_session_attrs'];
const URL_FORM = /^(postgres(?:ql)?:\/\/)(?:([^/?]*)@)?([^?]*)(?:\?(.*))?$/;

/** Where systems keep the authorities that they trust, in one file. */
const AUTHORITIES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/** @param settings of the session, which win over those of the URL */
export function psqlConnection(target: DatabaseTarget, settings: Readonly<Record<string, string>>): PsqlConnection {
  if ('url' in target) return connectionByUrl(target.url, settings);
  const { socketDirectory, user, database } = target;
  return {
    args: [],
    environment: {
      PGHOST: socketDirectory,
      PGPORT: '5432',
      PGUSER: user,
      PGDATABASE: database,
      PGOPTIONS: optionsOf(settings),
    },
  };
}

function connectionByUrl(url: string, settings: Readonly<Record<string, string>>): PsqlConnection {
  const [, scheme = '', login = '', place = '', query = ''] = URL_FORM.exec(url) ?? [];
  const [user = '', ...rest] = login.split(':');
  const given = new URLSearchParams(query);
  const parameters = new URLSearchParams([...given].filter(([name]) => OF_LIBPQ.includes(name)));
  // Storage compares with the system's authorities where no file is named; libpq would ask for one in the home directory.
  if (/^verify-/.test(given.get('sslmode') ?? '') && !given.has('sslrootcert')) {
    const { NODE_EXTRA_CA_CERTS = '' } = process.env;
    parameters.set('sslrootcert', NODE_EXTRA_CA_CERTS || (AUTHORITIES.find((file) => existsSync(file)) ?? 'system'));
  }
  if (place.includes(',')) parameters.set('target_session_attrs', 'primary'); // as storage does
  const ofSession = [...given].filter(
    ([name]) => !OF_LIBPQ.includes(name) && name !== 'options' && name !== 'password',
  );
  const password = rest.length > 0 ? decodeURIComponent(rest.join(':')) : given.get('password');
  const asked = parameters.size === 0 ? '' : `?${parameters}`;
  return {
    args: [`--dbname=${scheme}${user === '' ? '' : `${user}@`}${place}${asked}`],
    environment: {
      PGOPTIONS: [given.get('options') ?? '', optionsOf({ ...Object.fromEntries(ofSession), ...settings })]
        .join(' ')
        .trim(),
      ...(password === null ? {} : { PGPASSWORD: password }),
    },
  };
}

/** As PGOPTIONS has them: a backslash before white space, and before a backslash. */
function optionsOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\s\\]/g, '\\$&')}`)
    .join(' ');
}

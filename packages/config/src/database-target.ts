import type { SettingReader } from './setting-reader.ts';

/** Where the database is: a URL, or a Unix socket directory on which the embedded Postgres trusts its own user. */
export type DatabaseTarget =
  | { readonly url: string }
  | { readonly socketDirectory: string; readonly database: string; readonly user: string };

/** @throws {SettingsError} */
export function parseDatabaseTarget(settings: SettingReader): DatabaseTarget {
  if (settings.has('url')) return { url: settings.at('url').text() };
  return {
    socketDirectory: settings.at('socketDirectory').text(),
    database: settings.at('database').text(),
    user: settings.at('user').text(),
  };
}

export const DATABASE_URL_FORM =
  'postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %25 for a % of the password and %40 for an @; several hosts as HOST:PORT,HOST:PORT';

const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?([^/?@]*)(?:\/[^?]*)?(?:\?(.*))?$/;
const HOST_FORM = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(:\d+)?$/i;
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Whether storage understands it: also what is percent-encoded in it, each of its hosts, and how it asks for TLS. */
export function isDatabaseUrl(text: string): boolean {
  const [whole, login = '', hosts = '', query = ''] = URL_FORM.exec(text) ?? [];
  if (whole === undefined || !hosts.split(',').every((host) => HOST_FORM.test(host))) return false;
  if (!SSL_MODES.includes(new URLSearchParams(query).get('sslmode') ?? 'disable')) return false;
  try {
    decodeURIComponent(login + hosts);
    return true;
  } catch {
    return false;
  }
}

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
  'postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %25 for a % of the password and %40 for an @';

/** Whether a Postgres client understands it: also what is percent-encoded in it. */
export function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text) || !/^postgres(ql)?:/.test(text)) return false;
  const { username, password } = new URL(text);
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

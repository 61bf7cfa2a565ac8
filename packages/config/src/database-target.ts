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

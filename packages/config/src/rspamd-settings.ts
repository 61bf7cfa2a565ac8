import { readSecretFile } from './read-secret-file.ts';
import type { SettingReader } from './setting-reader.ts';

/** An Rspamd that is asked about mail of other servers. */
export interface RspamdTarget {
  /** `http://127.0.0.1:11333`, without a path. */
  readonly url: string;
  /** For those that ask for one; null for none. */
  readonly password: string | null;
}

/**
 * `smtp.rspamd` of the configuration file.
 *
 * @param base what relative paths start from
 */
export function readRspamd(smtp: SettingReader, base: string): RspamdTarget | null {
  if (!smtp.has('rspamd') || smtp.at('rspamd').is('off') || smtp.at('rspamd').is(false)) return null;
  const rspamd = smtp.at('rspamd');
  return { url: readUrl(rspamd.at('url')), password: readPassword(rspamd, base) };
}

function readUrl(setting: SettingReader): string {
  const text = setting.text().replace(/\/$/, '');
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWhole = url !== null && `${url.protocol}//${url.host}` === text;
  // Not shown: somebody may have put a password there.
  if (!isWhole || !/^https?:$/.test(url.protocol)) setting.refuse('must have the form http://HOST:PORT');
  return text;
}

function readPassword(rspamd: SettingReader, base: string): string | null {
  if (rspamd.has('passwordFile')) {
    if (rspamd.has('password')) rspamd.at('passwordFile').refuse('is not for who says password: leave one of both out');
    return readSecretFile(rspamd.at('passwordFile'), base);
  }
  return rspamd.has('password') ? rspamd.at('password').text() : null;
}

/** @throws {SettingsError} */
export function parseRspamd(setting: SettingReader): RspamdTarget {
  return { url: setting.at('url').text(), password: setting.at('password').orNull((password) => password.text()) };
}

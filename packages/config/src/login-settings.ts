import { readNetwork } from './read-network.ts';
import type { SettingReader } from './setting-reader.ts';

/** Who may log in, and how. What is left out is the default. */
export interface LoginSettings {
  /** The SASL mechanisms that may be offered; null: all of them. */
  readonly mechanisms?: readonly string[] | null;
  /** Who comes in by ANONYMOUS; null: nobody. */
  readonly anonymousAccount?: string | null;
  /** As CIDR: failed logins and connections from there are not limited. None by default. */
  readonly trustedNetworks?: readonly string[];
}

/** All that Postel knows; SCRAM with channel binding (-PLUS) goes with the same without. */
const MECHANISMS = [
  'EXTERNAL',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1',
  'SCRAM-SHA-1-PLUS',
  'OAUTHBEARER',
  'XOAUTH2',
  'PLAIN',
  'LOGIN',
  'DIGEST-MD5',
  'CRAM-MD5',
  'ANONYMOUS',
];

/** `login` of the configuration file. */
export function readLogin(login: SettingReader): LoginSettings {
  return {
    mechanisms: login.has('mechanisms') ? login.at('mechanisms').list(readMechanism) : null,
    anonymousAccount: login.has('anonymousAccount') ? login.at('anonymousAccount').text() : null,
    trustedNetworks: login.has('trustedNetworks') ? login.at('trustedNetworks').list(readNetwork) : [],
  };
}

function readMechanism(setting: SettingReader): string {
  const name = setting.text().toUpperCase();
  if (name !== '' && !MECHANISMS.includes(name)) setting.refuse(`must be one of ${MECHANISMS.join(', ')}`);
  return name;
}

/** @throws {SettingsError} */
export function parseLogin(login: SettingReader): LoginSettings {
  const texts = (list: SettingReader) => list.list((item) => item.text());
  return {
    mechanisms: login.has('mechanisms') ? login.at('mechanisms').orNull(texts) : null,
    anonymousAccount: login.has('anonymousAccount') ? login.at('anonymousAccount').orNull((name) => name.text()) : null,
    trustedNetworks: login.has('trustedNetworks') ? texts(login.at('trustedNetworks')) : [],
  };
}

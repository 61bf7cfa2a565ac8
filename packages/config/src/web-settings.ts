import { type DnsServerAddress, parseDnsServer } from './dns-settings.ts';
import { type Address, type MailServerSettings, parseMailServerSettings } from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

/** Where the web listens. */
export interface WebListener extends Address {
  /** HTTPS; else plain HTTP, for this machine alone or behind a proxy. */
  readonly isTls: boolean;
}

/** Where browsers show the key of a device, to sign in by it: HTTPS, that asks for a certificate. */
export interface KeySignInSettings {
  readonly listeners: readonly Address[];
  /** By which browsers reach it: `https://keys.example.com:8443`. */
  readonly origin: string;
}

/** Where mail programs connect, for people to be told; null for what is off. */
export interface MailPorts {
  readonly imaps: number | null;
  readonly imap: number | null;
  readonly submissions: number | null;
  readonly submission: number | null;
}

/** All that the process of the web needs to know. */
export interface WebSettings extends MailServerSettings {
  readonly listeners: readonly WebListener[];
  readonly mailPorts: MailPorts;
  /** Nobody signs in by the key of a device, if not given. */
  readonly keySignIn?: KeySignInSettings;
  /** Where the supervisor tells how all is; null: nowhere. */
  readonly status: Address | null;
  /** Of the key that opens secrets of routes; it need not be there. */
  readonly secretKeyFile: string;
  /** As CIDR: proxies that are believed about clients, and about TLS. None if not given. */
  readonly proxies?: readonly string[];
  /** By which the world reaches the server; what the DNS says, if not given. */
  readonly publicAddresses?: readonly string[];
  /** Those of the system, if not given. */
  readonly dnsServers?: readonly DnsServerAddress[];
}

/** @throws {SettingsError} */
export function parseWebSettings(value: unknown): WebSettings {
  const settings = new SettingReader(value);
  const ports = settings.at('mailPorts');
  const port = (name: keyof MailPorts) => ports.at(name).orNull((setting) => setting.port(1));
  return {
    ...parseMailServerSettings(settings),
    listeners: settings.at('listeners').list((listener) => ({
      host: listener.at('host').text(),
      port: listener.at('port').port(),
      isTls: listener.at('isTls').boolean(),
    })),
    mailPorts: {
      imaps: port('imaps'),
      imap: port('imap'),
      submissions: port('submissions'),
      submission: port('submission'),
    },
    status: settings
      .at('status')
      .orNull((status) => ({ host: status.at('host').text(), port: status.at('port').port() })),
    ...(settings.has('keySignIn') && { keySignIn: keySignIn(settings.at('keySignIn')) }),
    secretKeyFile: settings.at('secretKeyFile').text(),
    ...(settings.has('publicAddresses') && {
      publicAddresses: settings.at('publicAddresses').list((address) => address.text()),
    }),
    ...(settings.has('dnsServers') && { dnsServers: settings.at('dnsServers').list(parseDnsServer) }),
    ...(settings.has('proxies') && { proxies: settings.at('proxies').list((network) => network.text()) }),
  };
}

function keySignIn(setting: SettingReader): KeySignInSettings {
  return {
    listeners: setting.at('listeners').list((listener) => ({
      host: listener.at('host').text(),
      port: listener.at('port').port(),
    })),
    origin: setting.at('origin').text(),
  };
}

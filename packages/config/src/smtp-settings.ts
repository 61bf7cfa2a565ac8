import { type DnsServerAddress, parseDnsServer } from './dns-settings.ts';
import { parseRspamd, type RspamdTarget } from './rspamd-settings.ts';
import {
  type ListenerSettings,
  type MailServerSettings,
  parseListener,
  parseMailServerSettings,
} from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

/**
 * What a listener is for: mail that people send (RFC 6409), mail from other servers (RFC 5321 §2.3.9), mail from a server
 * that delivers here and keeps the queue (RFC 2033).
 */
export type SmtpListenerKind = 'submission' | 'mx' | 'lmtp';

export interface SmtpListener extends ListenerSettings {
  readonly kind: SmtpListenerKind;
}

/** All that an SMTP process needs to know. */
export interface SmtpSettings extends MailServerSettings {
  readonly listeners: readonly SmtpListener[];
  /** As CIDR: clients whose AUTH parameter of MAIL is believed (RFC 4954 §5). None if not given. */
  readonly submitterNetworks?: readonly string[];
  /** Received of submitted messages tells the client's name and address. Not if not given. */
  readonly showsClientAddress?: boolean;
  /** Mail goes to other servers, by the queue. Not if not given. */
  readonly relays?: boolean;
  /** What became of mail is recorded. Not if not given. */
  readonly recordsMail?: boolean;
  /** What DMARC finds is counted for reports to others. Not if not given. */
  readonly countsDmarc?: boolean;
  /** Those of the system, if not given. */
  readonly dnsServers?: readonly DnsServerAddress[];
  /** None if not given. */
  readonly dnsbls?: readonly string[];
  /** Nobody is asked if not given. */
  readonly rspamd?: RspamdTarget;
}

/** @throws {SettingsError} */
export function parseSmtpSettings(value: unknown): SmtpSettings {
  const settings = new SettingReader(value);
  const parseSmtpListener = (listener: SettingReader): SmtpListener => ({
    kind: listener.at('kind').oneOf('submission', 'mx', 'lmtp'),
    ...parseListener(listener),
  });
  return {
    ...parseMailServerSettings(settings),
    listeners: settings.at('listeners').list(parseSmtpListener),
    ...(settings.has('showsClientAddress') && { showsClientAddress: settings.at('showsClientAddress').boolean() }),
    ...(settings.has('submitterNetworks') && {
      submitterNetworks: settings.at('submitterNetworks').list((network) => network.text()),
    }),
    ...(settings.has('dnsbls') && { dnsbls: settings.at('dnsbls').list((zone) => zone.text()) }),
    ...(settings.has('rspamd') && { rspamd: parseRspamd(settings.at('rspamd')) }),
    ...(settings.has('relays') && { relays: settings.at('relays').boolean() }),
    ...(settings.has('recordsMail') && { recordsMail: settings.at('recordsMail').boolean() }),
    ...(settings.has('countsDmarc') && { countsDmarc: settings.at('countsDmarc').boolean() }),
    ...(settings.has('dnsServers') && { dnsServers: settings.at('dnsServers').list(parseDnsServer) }),
  };
}

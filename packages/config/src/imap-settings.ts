import { readServerMetadata, type ServerEntry } from './server-metadata.ts';
import {
  type ListenerSettings,
  type MailServerSettings,
  parseListener,
  parseMailServerSettings,
} from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

export type ImapListener = ListenerSettings;

/** All that an IMAP process needs to know. */
export interface ImapSettings extends MailServerSettings {
  readonly listeners: readonly ImapListener[];
  /** One connection may log in to one account after the other. Yes, if not given. */
  readonly offersUnauthenticate?: boolean;
  /** None if not given. */
  readonly metadata?: readonly ServerEntry[];
}

/** @throws {SettingsError} */
export function parseImapSettings(value: unknown): ImapSettings {
  const settings = new SettingReader(value);
  const metadata = readServerMetadata(settings, 'metadata');
  return {
    ...parseMailServerSettings(settings),
    listeners: settings.at('listeners').list(parseListener),
    ...(settings.has('offersUnauthenticate') && {
      offersUnauthenticate: settings.at('offersUnauthenticate').boolean(),
    }),
    ...(metadata.length === 0 ? {} : { metadata }),
  };
}

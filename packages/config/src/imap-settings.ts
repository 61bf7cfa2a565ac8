import { readServerMetadata, type ServerEntry } from './server-metadata.ts';
import {
  type ListenerSettings,
  type MailServerSettings,
  parseListener,
  parseMailServerSettings,
} from './server-settings.ts';
import { SettingReader } from './setting-reader.ts';

export type ImapListener = ListenerSettings;

/** How large a literal may come without asking: any, or up to 4,096 octets (RFC 7888 §5). */
export type LiteralExtension = 'LITERAL+' | 'LITERAL-';

/** All that an IMAP process needs to know. */
export interface ImapSettings extends MailServerSettings {
  readonly listeners: readonly ImapListener[];
  /** LITERAL+ if left out. */
  readonly literals?: LiteralExtension;
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
    ...(settings.has('literals') ? { literals: parseLiterals(settings.at('literals')) } : {}),
    ...(settings.has('offersUnauthenticate') && {
      offersUnauthenticate: settings.at('offersUnauthenticate').boolean(),
    }),
    ...(metadata.length === 0 ? {} : { metadata }),
  };
}

export function parseLiterals(setting: SettingReader): LiteralExtension {
  return setting.oneOf('LITERAL+', 'LITERAL-');
}

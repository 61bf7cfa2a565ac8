import type { Setup } from '../../../src/schemas/account.ts';
import type { Octets } from './der.ts';

/** What an Apple profile is made of. */
interface AppleProfileSource {
  /** As the person calls the device. */
  readonly deviceName: string;
  /** PKCS#12 with key and certificate; the system asks for its password. */
  readonly identity: Octets;
  readonly userName: string;
  readonly address: string;
  readonly incoming: Setup['incoming'][number];
  readonly outgoing: Setup['outgoing'][number];
}

/** A dictionary of a property list, its keys in their order. */
interface Dictionary {
  readonly [key: string]: PlistValue;
}
type PlistValue = string | number | boolean | Octets | readonly PlistValue[] | Dictionary;

/**
 * A configuration profile for macOS, iOS and iPadOS: the key of the device, and the account that it is for. Not signed: systems say so when
 * it is installed. No password is in it: the account logs in by its key.
 */
export function appleProfile(source: AppleProfileSource): string {
  const { deviceName, identity, userName, address, incoming, outgoing } = source;
  const id = `postel.${incoming.host}.${crypto.randomUUID()}`;
  const payload = (type: string, part: string, name: string): Dictionary => ({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `${id}.${part}`,
    PayloadUUID: crypto.randomUUID(),
    PayloadDisplayName: name,
  });
  return plist({
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: id,
    PayloadUUID: crypto.randomUUID(),
    PayloadDisplayName: address,
    PayloadDescription: deviceName,
    PayloadContent: [
      { ...payload('com.apple.security.pkcs12', 'identity', deviceName), PayloadContent: identity },
      {
        ...payload('com.apple.mail.managed', 'mail', address),
        EmailAccountType: 'EmailTypeIMAP',
        EmailAccountDescription: address,
        EmailAddress: address,
        IncomingMailServerAuthentication: 'EmailAuthNone',
        IncomingMailServerHostName: incoming.host,
        IncomingMailServerPortNumber: incoming.port,
        IncomingMailServerUseSSL: true,
        IncomingMailServerUsername: userName,
        OutgoingMailServerAuthentication: 'EmailAuthNone',
        OutgoingMailServerHostName: outgoing.host,
        OutgoingMailServerPortNumber: outgoing.port,
        OutgoingMailServerUseSSL: true,
        OutgoingMailServerUsername: userName,
      },
    ],
  });
}

const plist = (content: Dictionary) => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${element(content)}
</plist>
`;

function element(value: PlistValue): string {
  if (typeof value === 'string') return `<string>${escaped(value)}</string>`;
  if (typeof value === 'number') return `<integer>${value}</integer>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (value instanceof Uint8Array) return `<data>${btoa(String.fromCharCode(...value))}</data>`;
  if (isList(value)) return `<array>\n${value.map(element).join('\n')}\n</array>`;
  const entries = Object.entries(value).map(([key, each]) => `<key>${escaped(key)}</key>${element(each)}`);
  return `<dict>\n${entries.join('\n')}\n</dict>`;
}

const isList = (value: readonly PlistValue[] | Dictionary): value is readonly PlistValue[] => Array.isArray(value);

/** XML 1.0 has no control characters, however they are written. */
const escaped = (text: string) =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

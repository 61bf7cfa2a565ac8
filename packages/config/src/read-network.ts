import { isIP } from 'node:net';
import type { SettingReader } from './setting-reader.ts';

const NETWORK = /^([^/]+)\/(\d{1,3})$/;

/** A network as CIDR (RFC 4632 §3.1, RFC 4291 §2.3), or one address. */
export function readNetwork(setting: SettingReader): string {
  const text = setting.text();
  const [, address = text, bits = '0'] = NETWORK.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
    setting.refuse('must be a network such as 192.0.2.0/24 or 2001:db8::/32, or an address');
  }
  return text;
}

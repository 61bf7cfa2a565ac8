import type { SettingReader } from './setting-reader.ts';

const MOST_LISTS = 10;
/** An IPv6 address stands before it in 64 octets, and all have 253 (RFC 1035 §2.3.4). */
const ZONE_OCTETS = 189;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** `smtp.dnsbls`: where the lists begin in the DNS, in lower case. */
export function readDnsbls(smtp: SettingReader): readonly string[] {
  if (!smtp.has('dnsbls')) return [];
  const known = new Set<string>();
  const zones = smtp.at('dnsbls').list((setting) => {
    const zone = setting.text().toLowerCase();
    const labels = zone.split('.');
    if (
      zone !== '' &&
      (labels.length < 2 || zone.length > ZONE_OCTETS || !labels.every((label) => LABEL.test(label)))
    ) {
      setting.refuse('must be the domain of a DNSBL, such as dnsbl.example.org');
    } else if (known.has(zone)) setting.refuse('is in the list twice');
    known.add(zone);
    return zone;
  });
  if (zones.length > MOST_LISTS) smtp.at('dnsbls').refuse(`must be ${MOST_LISTS} at most`);
  return zones;
}

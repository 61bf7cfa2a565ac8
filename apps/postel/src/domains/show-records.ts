import { type DomainRecord, formatZone, mtaStsPolicy, zoneLine } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import { type RecordsArgs, readRecords } from './read-records.ts';

const HEADINGS = {
  domain: (domain: string) => `In the zone of ${domain}`,
  host: (_: string, hostname: string) => `In the zone of ${hostname}: once, for all domains`,
  address: () => 'With whoever gave this server its addresses',
} as const satisfies Record<DomainRecord['zone'], (domain: string, hostname: string) => string>;
const ZONES = ['domain', 'host', 'address'] as const;

/** The records that a domain needs. */
export async function showRecords(args: RecordsArgs, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const { domain, host, mtaSts, records, hasKeys } = await readRecords(args, invocation);
  if (args.asJson) {
    for (const record of records) terminal.say(JSON.stringify({ ...record, line: zoneLine(record) }));
  } else {
    for (const zone of ZONES) {
      const those = records.filter((record) => record.zone === zone);
      if (those.length === 0) continue;
      terminal.say(`; ---- ${HEADINGS[zone](domain, host.hostname)}\n`);
      terminal.say(formatZone(those));
    }
    const policy = mtaStsPolicy(host.hostname, mtaSts).text.trimEnd().split('\r\n');
    terminal.say(
      `; ---- What https://mta-sts.${domain}/.well-known/mta-sts.txt says, by the web of this server or another\n`,
    );
    terminal.say(policy.map((line) => `;   ${line}`).join('\n'));
  }
  if (!hasKeys) terminal.warn(`mail of ${domain} is not signed: make keys with postel config dkim add ${domain}`);
  if (host.addresses.length === 0) {
    terminal.warn(`the address of ${host.hostname} is not known: say publicAddresses in the configuration file`);
  }
}

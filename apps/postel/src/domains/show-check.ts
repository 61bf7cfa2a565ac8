import { type CheckedRecord, checkRecords, zoneLine } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { printable, printableCount } from '../printable.ts';
import type { Terminal } from '../terminal.ts';
import { type RecordsArgs, readRecords } from './read-records.ts';

/** Somebody else wrote it. */
const FOUND_CHARACTERS = 600;
const FOUND_RECORDS = 10;

const COULD_NOT_ASK = { exitCode: 2 } as const;

/** What the DNS has of what a domain needs. Exit code: see the help. */
export async function showCheck(args: RecordsArgs, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const needed = await readRecords(args, invocation).catch((error: unknown) => {
    throw error instanceof CommandError ? new CommandError(error.message, { ...COULD_NOT_ASK, cause: error }) : error;
  });
  const { domain, records, hasKeys, host, knowsDnssec } = needed;
  const checked = await checkRecords(records, needed);
  if (args.asJson) {
    for (const { record, ...more } of checked) {
      terminal.say(JSON.stringify({ ...record, line: zoneLine(record), ...more }));
    }
  } else sayChecked(terminal, checked);

  const trouble = checked.filter(({ isTrouble }) => isTrouble).length + (hasKeys ? 0 : 1);
  const unknown = checked.filter(({ state }) => state === 'unknown').length;
  process.exitCode = trouble > 0 ? 1 : unknown > 0 ? 2 : 0;
  if (args.asJson) return;
  if (!hasKeys) terminal.warn(`mail of ${domain} is not signed: make keys with postel config dkim add ${domain}`);
  if (host.addresses.length === 0) {
    terminal.warn(`the address of ${host.hostname} is not known: say publicAddresses in the configuration file`);
  }
  sayDnssec(terminal, checked, { domain, knowsDnssec });
  if (trouble > 0) {
    terminal.say(
      `\n${printableCount(trouble, 'thing')} to be put right. What to publish: postel config dnsrecords ${domain}`,
    );
  } else if (unknown > 0)
    terminal.say(
      '\nThe DNS does not say everything: try again later, or name other servers (dns.servers of the configuration file).',
    );
  else terminal.say('\nNothing is to be done.');
}

function sayChecked(terminal: Terminal, checked: readonly CheckedRecord[]): void {
  const rows = checked.map(({ record, state, note }) => [
    state,
    record.level,
    record.type,
    record.name,
    note === null ? '' : `(${printable(note, FOUND_CHARACTERS)})`,
  ]);
  const lines = formatTable([['STATE', 'LEVEL', 'TYPE', 'NAME', ''], ...rows]).split('\n');
  terminal.say(lines[0]);
  for (const [i, { record, state, found }] of checked.entries()) {
    terminal.say(lines[i + 1]);
    if (state !== 'different' && !(state === 'missing' && record.level !== 'optional')) continue;
    for (const each of found.slice(0, FOUND_RECORDS))
      terminal.say(`    is         ${printable(each, FOUND_CHARACTERS)}`);
    terminal.say(`    should be  ${record.value}`);
  }
}

function sayDnssec(
  terminal: Terminal,
  checked: readonly CheckedRecord[],
  { domain, knowsDnssec }: { readonly domain: string; readonly knowsDnssec: boolean },
): void {
  if (!knowsDnssec) {
    terminal.note(
      'Whether the zones are signed by DNSSEC is not known: the DNS servers are not believed (docs/domains.md).',
    );
    return;
  }
  const isUnsigned = checked.some(
    ({ record, isSigned, state }) => record.kind === 'mx' && !isSigned && state !== 'unknown',
  );
  if (isUnsigned) {
    terminal.note(
      `${domain} is not signed by DNSSEC: whoever can forge answers of the DNS can lead its mail elsewhere.`,
    );
  }
}

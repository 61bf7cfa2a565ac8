import { defineCommand } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { formatTable } from '../format-table.ts';
import { operands } from '../operands.ts';
import { printableSize } from '../printable.ts';
import type { ServerStatus } from '../server-status.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configStatus = defineCommand({
  name: 'config status',
  alsoCalled: ['status'],
  operands: '[--json]',
  summary: 'say what runs on this host, since when and where it listens, and what waits',
  help: `Ends with exit code 1 if nothing runs. A process that was started again later than the others had died, or has new settings. The
counts are of the whole server, on all hosts; the disk is this host's. For monitoring: /healthz and /metrics.

  --json               one JSON object
${SERVER_OPTIONS_HELP}

Examples:
  postel config status
  postel config status --json`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ asJson, server }, invocation) {
    const { findPlace } = await import('../running-servers.ts');
    const { readServerStatus } = await import('../server-status.ts');
    const place = await findPlace(server, invocation);
    const status = await readServerStatus(invocation, server, place);
    if (status === null) {
      throw new CommandError(
        `Postel does not run on ${place.directory.path}. Start it: postel serve, or systemctl start postel.`,
      );
    }
    if (asJson) invocation.terminal.say(JSON.stringify(status));
    else for (const line of describeStatus(status, Date.now())) invocation.terminal.say(line);
  },
});

function describeStatus(status: ServerStatus, now: number): readonly string[] {
  const { isReady, version, directory, processes, listens, counts, disks } = status;
  const rows = processes.map(({ name, pid, startedAt }) => [
    name,
    String(pid),
    startedAt === null ? '?' : ago(now - startedAt),
  ]);
  const ports = listens.map(({ service, port }) => `${service} ${port}`).join(', ');
  const waiting = [
    [counts.queued, 'to be sent to other servers'],
    [counts.waiting, 'for accounts that cannot take them'],
    [counts.held, 'for the time at which they are to be sent'],
  ] as const;
  const waits = waiting.filter(([count]) => count > 0).map(([count, why]) => `${count.toLocaleString('en-US')} ${why}`);
  return [
    `Postel ${version ?? '(version unknown)'} in ${directory}: ${isReady ? 'ready' : 'starting'}`,
    '',
    formatTable([['PROCESS', 'PID', 'UP'], ...rows]),
    '',
    `Listens:  ${ports === '' ? 'nowhere' : ports}`,
    `Holds:    ${counts.accounts} accounts, ${counts.domains} domains, ${counts.messages.toLocaleString('en-US')} messages, ${printableSize(counts.octets)}`,
    `Waits:    ${waits.length === 0 ? 'nothing' : waits.join(', ')}`,
    ...disks.map(
      ({ path, freeOctets, octets }) =>
        `Disk:     ${printableSize(freeOctets)} of ${printableSize(octets)} free at ${path}`,
    ),
  ];
}

const SECOND_MS = 1_000;
const UNITS = [
  [86_400 * SECOND_MS, 'day'],
  [3_600 * SECOND_MS, 'hour'],
  [60 * SECOND_MS, 'minute'],
] as const;

/** `3 days`, `1 hour`, `12 s`. */
function ago(ms: number): string {
  const unit = UNITS.find(([unitMs]) => ms >= unitMs);
  if (unit === undefined) return `${Math.max(0, Math.round(ms / SECOND_MS))} s`;
  const count = Math.floor(ms / unit[0]);
  return `${count} ${unit[1]}${count === 1 ? '' : 's'}`;
}

import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** How systemd starts a server, with the commands that set it up: docs/operations.md, systemd. */
export function systemdUnit({
  file,
  dataDirectory,
  user,
}: {
  readonly file: string;
  readonly dataDirectory: string;
  readonly user: string;
}): string {
  const [configuration, data] = [forShell(file), forShell(dataDirectory)];
  const setUp =
    user === 'postel'
      ? `  id postel || useradd --system --home-dir ${data} --shell /usr/sbin/nologin postel
  chown -R postel: ${data} && chgrp postel ${configuration}
`
      : '';
  return `To start it with systemd, as root:

${setUp}  cat > /etc/systemd/system/postel.service <<'END'
[Unit]
Description=Postel mail server
Wants=network-online.target
After=network-online.target

[Service]
User=${user}
ExecStart=${[process.execPath, join(ROOT, 'bin/postel.mjs'), 'serve', '--config', file].map(forCommand).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
# SIGTERM to the supervisor alone: it stops the others, and Postgres last.
KillMode=mixed
TimeoutStopSec=60
Restart=on-failure
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ReadWritePaths=${forSystemd(dataDirectory)}
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload && systemctl enable --now postel
`;
}

const PLAIN = /^[\w@+=:,./-]+$/;

/** A word of a command for sh. */
export function forShell(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A word of a line of a unit, in which `%` means something (systemd.unit). */
function forSystemd(word: string): string {
  return PLAIN.test(word) ? word : `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/** The same of a command, in which `$` does, too (systemd.service). */
const forCommand = (word: string): string => forSystemd(word).replaceAll('$', () => '$$');

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
  const setUp =
    user === 'postel'
      ? `  id postel || useradd --system --home-dir ${dataDirectory} --shell /usr/sbin/nologin postel
  chown -R postel: ${dataDirectory} && chgrp postel ${file}
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
ExecStart=${process.execPath} ${join(ROOT, 'bin/postel.mjs')} serve --config ${file}
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
ReadWritePaths=${dataDirectory}
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload && systemctl enable --now postel
`;
}

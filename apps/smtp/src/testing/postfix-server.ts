import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackgroundServer, freePort, TemporaryDirectory } from '@postel/testkit';

const COMMANDS = '/usr/sbin';

interface NextHops {
  readonly mxPort: number;
  readonly lmtpPort: number;
  /** Of the authority that the MX must have its certificate of. */
  readonly caFile: string;
}

/** A private Postfix that hands on all that it takes. */
export class PostfixServer implements AsyncDisposable {
  /** What is sent here goes on to the MX, over TLS. */
  readonly mxPort: number;
  /** What is sent here goes on by LMTP. */
  readonly lmtpPort: number;
  readonly #server: BackgroundServer;
  readonly #directory: TemporaryDirectory;

  constructor([mxPort, lmtpPort]: readonly [number, number], server: BackgroundServer, directory: TemporaryDirectory) {
    this.mxPort = mxPort;
    this.lmtpPort = lmtpPort;
    this.#server = server;
    this.#directory = directory;
  }

  /** What it wrote into its log so far. */
  get log(): string {
    return readFileSync(join(this.#directory.path, 'log/maillog'), 'utf8');
  }

  /** Tries what waits in its queue, now. */
  flush(): void {
    execFileSync(join(COMMANDS, 'postqueue'), ['-c', join(this.#directory.path, 'etc'), '-f']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** @returns why there is none, if there is none */
export async function startPostfix(nextHops: NextHops): Promise<PostfixServer | { readonly problem: string }> {
  if (!existsSync(join(COMMANDS, 'postfix'))) return { problem: 'postfix is not installed' };
  if (process.getuid?.() !== 0) return { problem: 'postfix starts for root alone' };
  const directory = new TemporaryDirectory(tmpdir());
  chmodSync(directory.path, 0o755); // its processes are of several users
  const ports = [await freePort(), await freePort()] as const;
  for (const folder of ['etc', 'queue', 'data', 'log']) mkdirSync(join(directory.path, folder));
  execFileSync('chown', ['postfix', join(directory.path, 'data')]);
  directory.write('etc/main.cf', mainConfiguration(directory.path, nextHops));
  directory.write('etc/ca.pem', readFileSync(nextHops.caFile));
  directory.write('etc/master.cf', services(ports, nextHops.lmtpPort));
  for (const file of ['main.cf', 'master.cf', 'ca.pem']) chmodSync(join(directory.path, 'etc', file), 0o644);
  chmodSync(join(directory.path, 'etc'), 0o755);
  const server = await BackgroundServer.start({
    start: 'postfix start',
    stop: 'postfix stop',
    directory: directory.path,
    env: { PATH: `${COMMANDS}:/usr/bin:/sbin:/bin`, MAIL_CONFIG: join(directory.path, 'etc') },
  });
  if (server !== null) return new PostfixServer(ports, server, directory);
  const output = readFileSync(join(directory.path, 'output'), 'utf8').trim();
  directory[Symbol.dispose]();
  return { problem: `postfix does not start: ${output}` };
}

function mainConfiguration(directory: string, { mxPort }: NextHops): string {
  const daemons = execFileSync(join(COMMANDS, 'postconf'), ['-dh', 'daemon_directory'], { encoding: 'utf8' }).trim();
  return `
compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
command_directory = ${COMMANDS}
daemon_directory = ${daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${directory}/log/maillog
maillog_file_prefixes = ${directory}
multi_instance_name = postfix-test
multi_instance_enable = yes
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.elsewhere.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtp_host_lookup = native
lmtp_host_lookup = native
relayhost = [localhost]:${mxPort}
smtp_tls_security_level = verify
smtp_tls_verify_cert_match = hostname
smtp_tls_CAfile = ${directory}/etc/ca.pem
message_size_limit = 52428800
`;
}

const services = ([mxPort, lmtpPort]: readonly [number, number], nextHop: number) => `
127.0.0.1:${mxPort}  inet  n  -  n  -  -  smtpd
127.0.0.1:${lmtpPort}  inet  n  -  n  -  -  smtpd
  -o content_filter=lmtp:inet:localhost:${nextHop}
pickup     unix  n  -  n  60  1  pickup
cleanup    unix  n  -  n  -  0  cleanup
qmgr       unix  n  -  n  300  1  qmgr
rewrite    unix  -  -  n  -  -  trivial-rewrite
bounce     unix  -  -  n  -  0  bounce
defer      unix  -  -  n  -  0  bounce
trace      unix  -  -  n  -  0  bounce
verify     unix  -  -  n  -  1  verify
flush      unix  n  -  n  1000?  0  flush
proxymap   unix  -  -  n  -  -  proxymap
proxywrite unix  -  -  n  -  1  proxymap
tlsmgr     unix  -  -  n  1000?  1  tlsmgr
smtp       unix  -  -  n  -  -  smtp
lmtp       unix  -  -  n  -  -  lmtp
error      unix  -  -  n  -  -  error
retry      unix  -  -  n  -  -  error
anvil      unix  -  -  n  -  1  anvil
scache     unix  -  -  n  -  1  scache
postlog    unix-dgram n  -  n  -  1  postlogd
`;

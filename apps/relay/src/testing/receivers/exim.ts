import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@postel/testkit';
import {
  findFile,
  Listening,
  MOST_OCTETS,
  MOST_RECIPIENTS,
  PEOPLE,
  type Receiver,
  ReceiverDirectory,
  UNPACKED,
} from './receiver.ts';

const PROGRAM = join(UNPACKED, 'usr/sbin/exim4');

/** Whether Debian's exim4-daemon-light was unpacked. */
export function hasExim(): boolean {
  return existsSync(PROGRAM);
}

/** Debian's Exim, as root, and `nobody` where it needs no root. */
export async function startExim(): Promise<Receiver> {
  const directory = await ReceiverDirectory.make();
  const port = await freePort();
  directory.makeFor('spool', 0o777);
  directory.makeFor('log', 0o777);
  const grey = directory.at('grey');
  // What is looked up here is trusted with the name of a directory.
  const names = [...PEOPLE, 'jürgen', 'kept'];
  const people = directory.write('people', names.map((name) => `${name}: ${name}\n`).join(''));
  const configuration = `
exim_path = ${PROGRAM}
exim_user = root
exim_group = root
never_users =
spool_directory = ${directory.at('spool')}
log_file_path = ${directory.at('log')}/%slog
pid_file_path = ${directory.at('exim.pid')}
primary_hostname = mx.receiver.example
qualify_domain = receiver.example
domainlist local_domains = receiver.example
daemon_smtp_ports = ${port}
local_interfaces = 127.0.0.1
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max_per_connection = 0
recipients_max = ${MOST_RECIPIENTS}
message_size_limit = ${MOST_OCTETS}
tls_advertise_hosts = *
tls_certificate = ${directory.at('cert.pem')}
tls_privatekey = ${directory.at('key.pem')}
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
keep_environment =
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  defer condition = \${if exists{${grey}}}
        local_parts = late
        message = 4.2.0 Greylisted
  accept domains = +local_domains
         local_parts = kept
         control = queue_only
  accept domains = +local_domains
         local_parts = ${[...PEOPLE, 'jürgen'].join(' : ')}
  deny   message = 5.1.1 No such person
data:
  accept
begin routers
people:
  driver = accept
  local_parts = lsearch;${people}
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  directory = ${directory.mail}/$local_part_data
  maildir_format
  create_directory
  user = nobody
  group = nogroup
  delivery_date_add = false
  envelope_to_add
  return_path_add
begin retry
* * F,1h,1m
`;
  const file = directory.write('exim.conf', configuration);
  chmodSync(directory.at('key.pem'), 0o644); // it is read as nobody
  const exim = await Listening.start([PROGRAM, '-bdf', '-q1h', '-C', file], port);
  return {
    port,
    arrived: (localPart, count) => directory.arrived(localPart, count),
    kept: async () => readFileSync(await findFile(directory.at('spool/input'), /-H$/), 'utf8'),
    async setGrey(isGrey) {
      if (isGrey) directory.write('grey', '');
      else rmSync(grey);
    },
    async [Symbol.asyncDispose]() {
      await exim.stop();
      directory.remove();
    },
  };
}

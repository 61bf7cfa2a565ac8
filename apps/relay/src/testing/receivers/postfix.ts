import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@postel/testkit';
import { greets, MOST_OCTETS, MOST_RECIPIENTS, PEOPLE, type Receiver, ReceiverDirectory, until } from './receiver.ts';

const run = promisify(execFile);

/** Whether Debian's postfix is installed. */
export function hasPostfix(): boolean {
  return existsSync('/usr/sbin/postfix');
}

/**
 * Debian's Postfix, as root: its `virtual` puts mail into mailboxes.
 *
 * @param more settings of main.cf beside those of a receiver, or in their place
 */
export async function startPostfix(
  more: (directory: ReceiverDirectory) => Promise<Readonly<Record<string, string>>> = async () => ({}),
): Promise<Receiver> {
  const directory = await ReceiverDirectory.make();
  const port = await freePort();
  const of = (name: string) => execFileSync('postconf', ['-dh', name], { encoding: 'utf8' }).trim();
  const { path } = directory;
  for (const name of ['etc', 'queue', 'data', 'log']) directory.makeFor(name);
  execFileSync('chown', ['postfix', directory.at('data')]);
  const nobody = execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).trim();
  const people = [...PEOPLE, 'kept', 'jürgen'].map((name) => `${name}@receiver.example ${name}/\n`).join('');
  directory.write('etc/mailboxes', people);
  directory.write('etc/kept', 'kept@receiver.example HOLD\n');
  directory.write('etc/grey', '');
  const main = {
    compatibility_level: '3.6',
    queue_directory: `${path}/queue`,
    data_directory: `${path}/data`,
    command_directory: of('command_directory'),
    daemon_directory: of('daemon_directory'),
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: `${path}/log/maillog`,
    maillog_file_prefixes: path,
    multi_instance_name: 'postelreceiver',
    multi_instance_enable: 'yes',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'mx.receiver.example',
    mydestination: '',
    mynetworks: '',
    alias_maps: '',
    alias_database: '',
    virtual_mailbox_domains: 'receiver.example',
    virtual_mailbox_base: directory.mail,
    virtual_mailbox_maps: `texthash:${path}/etc/mailboxes`,
    virtual_uid_maps: `static:${nobody}`,
    virtual_gid_maps: `static:${nobody}`,
    virtual_minimum_uid: '1',
    virtual_mailbox_limit: '0',
    smtpd_relay_restrictions: 'reject_unauth_destination',
    smtpd_recipient_restrictions: `check_recipient_access texthash:${path}/etc/grey, check_recipient_access texthash:${path}/etc/kept`,
    smtpd_recipient_limit: String(MOST_RECIPIENTS),
    smtpd_tls_security_level: 'may',
    smtpd_tls_cert_file: directory.at('cert.pem'),
    smtpd_tls_key_file: directory.at('key.pem'),
    smtpd_tls_received_header: 'yes',
    local_header_rewrite_clients: '',
    smtpd_peername_lookup: 'no',
    smtpd_forbid_bare_newline: 'yes',
    smtputf8_enable: 'yes',
    message_size_limit: String(MOST_OCTETS),
    disable_dns_lookups: 'yes',
    ...(await more(directory)),
  };
  directory.write(
    'etc/main.cf',
    Object.entries(main)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  );
  const services = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    ...['bounce', 'defer', 'trace'].map((name) => `${name} unix - - n - 0 bounce`),
    ...['error', 'retry'].map((name) => `${name} unix - - n - - error`),
    'proxymap unix - - n - - proxymap',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
  directory.write('etc/master.cf', `${services.join('\n')}\n`);
  const env = { ...process.env, MAIL_CONFIG: directory.at('etc') };
  const postfix = async (command: 'start' | 'stop' | 'reload') => {
    try {
      await run('postfix', [command], { env });
    } catch (cause) {
      throw new Error(`postfix ${command}: ${readFileSync(directory.at('log/maillog'), 'utf8')}`, { cause });
    }
  };
  await postfix('start');
  const held = join(path, 'queue/hold');
  return {
    port,
    arrived: (localPart, count) => directory.arrived(localPart, count),
    async kept() {
      const name = await until(() => readdirSync(held, { recursive: true, encoding: 'utf8' }).at(-1) ?? null);
      return (await run('postcat', [join(held, name)], { env })).stdout;
    },
    async setGrey(isGrey) {
      directory.write('etc/grey', isGrey ? 'late@receiver.example 450 4.2.0 Greylisted\n' : '');
      // Its servers notice by themselves only when they have nothing to do.
      await postfix('stop');
      await postfix('start');
      while (!(await greets(port)));
    },
    async [Symbol.asyncDispose]() {
      await postfix('stop');
      directory.remove();
    },
  };
}

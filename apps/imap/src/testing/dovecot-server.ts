import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { BackgroundServer, freePort, TemporaryDirectory } from '@postel/testkit';
import { ImapClient } from './imap-client.ts';

/** Any user exists, with this password. */
const PASSWORD = 'dovecot-password';
/** Dovecot's workers refuse to be root, so that a test run of root lets them be nobody. */
const NOBODY = 65_534;
const ATTEMPTS = 3;

export interface DovecotUser {
  readonly name: string;
  readonly password: string;
}

/** A Dovecot of 2.3 that belongs to one test file, as an ordinary user, on ports of its own. */
export class DovecotServer implements AsyncDisposable {
  readonly #port: number;
  readonly #server: BackgroundServer;
  readonly #directory: TemporaryDirectory;

  constructor(port: number, server: BackgroundServer, directory: TemporaryDirectory) {
    this.#port = port;
    this.#server = server;
    this.#directory = directory;
  }

  /** A user for one test. Its INBOX is there, which Dovecot would otherwise make when it is first opened. */
  async addUser(name: string): Promise<DovecotUser> {
    const user = { name: `${name}-${randomBytes(5).toString('hex')}`, password: PASSWORD };
    await using client = await this.connect();
    await client.command(`LOGIN ${user.name} ${user.password}`);
    await client.command('SELECT INBOX');
    return user;
  }

  /** Connected and greeted. */
  async connect(): Promise<ImapClient> {
    const client = await ImapClient.connect(this.#port);
    await client.line();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}

/** @returns why there is none, if there is none: it is not installed, is not of 2.3, or does not start */
export async function startDovecot(): Promise<DovecotServer | { readonly problem: string }> {
  const { PATH = '' } = process.env;
  const program = ['/usr/sbin', ...PATH.split(delimiter)]
    .map((directory) => join(directory, 'dovecot'))
    .find(existsSync);
  if (program === undefined) return { problem: 'dovecot is not installed' };
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  // What is compared is what this version does; its configuration is another from 2.4 on.
  if (!version.startsWith('2.3.')) return { problem: `this is Dovecot ${version}; the transcripts are of 2.3` };
  for (let attempt = 1; ; attempt++) {
    // Somebody else may take the port before Dovecot does.
    const started = await start(program);
    if (started instanceof DovecotServer || attempt === ATTEMPTS) return started;
  }
}

async function start(program: string): Promise<DovecotServer | { readonly problem: string }> {
  // Not in the run's directory, which is root's own if the run is.
  const directory = new TemporaryDirectory(tmpdir());
  const isRoot = process.getuid?.() === 0;
  const port = await freePort();
  directory.write('dovecot.conf', configuration(directory.path, port, isRoot ? nameOfNobody() : ownName()));
  if (isRoot)
    for (const path of [directory.path, join(directory.path, 'dovecot.conf')]) chownSync(path, NOBODY, NOBODY);
  const server = await BackgroundServer.start({
    start: `${program} -c "$1/dovecot.conf"`,
    stop: 'kill "$(cat "$1/run/master.pid")"; while [ -e "$1/run/master.pid" ]; do sleep 0.05; done',
    directory: directory.path,
    ...(isRoot && { uid: NOBODY }),
  });
  if (server !== null) return new DovecotServer(port, server, directory);
  const output = readFileSync(join(directory.path, 'output'), 'utf8').trim();
  directory[Symbol.dispose]();
  return { problem: `dovecot does not start: ${output}` };
}

/** Of every account. */
export const QUOTA = { octets: 2 ** 30, messages: 1_000 } as const;

/** What a person would have, but for speed: nothing is synced, and a wrong password is not answered slowly. */
function configuration(directory: string, port: number, { user, group }: { user: string; group: string }): string {
  const mailboxes = ['Archive', 'Drafts', 'Junk', 'Sent', 'Trash'].map(
    (name) => `  mailbox ${name} {\n    auto = subscribe\n    special_use = \\${name}\n  }\n`,
  );
  return `
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
instance_name = postel-test
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${directory}/mail/%u allow_all_users=yes
}
mail_location = sdbox:~/mail
mail_fsync = never
mail_plugins = quota imap_quota imap_zlib
plugin {
  quota = count:User quota
  quota_vsizes = yes
  quota_grace = 0
  quota_rule = *:storage=${QUOTA.octets / 1_024}:messages=${QUOTA.messages}
}
mail_attribute_dict = file:~/attributes
imap_urlauth_host = *
namespace inbox {
  inbox = yes
  separator = /
${mailboxes.join('')}}
protocol imap {
  imap_metadata = yes
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  service_count = 0
  client_limit = 1
  process_min_avail = 2
}
`;
}

function ownName(): { readonly user: string; readonly group: string } {
  const id = (what: string) => execFileSync('id', [what], { encoding: 'utf8' }).trim();
  return { user: id('-un'), group: id('-gn') };
}

function nameOfNobody(): { readonly user: string; readonly group: string } {
  const named = (file: string, field: number) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find((fields) => fields[field] === String(NOBODY))?.[0] ?? 'nobody';
  return { user: named('/etc/passwd', 2), group: named('/etc/group', 2) };
}

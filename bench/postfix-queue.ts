import { execFile, execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '@postel/testkit';

const run = promisify(execFile);
const LOOK_AGAIN_MS = 50;
/** Those of its queues in which mail is that waits. */
const QUEUES = ['maildrop', 'incoming', 'active', 'deferred'];

/** Debian's Postfix with a queue of its own, which goes to one sink: as root. */
export class PostfixQueue {
  readonly #directory: string;
  readonly #sinkPort: number;
  #isRunning = false;

  /** @param directory is made */
  constructor(directory: string, sinkPort: number) {
    this.#directory = directory;
    this.#sinkPort = sinkPort;
    for (const each of ['etc', 'queue', 'data', 'log']) mkdirSync(join(directory, each), { recursive: true });
    const { uid, gid } = userOf('postfix');
    chownSync(join(directory, 'data'), uid, gid);
  }

  /** Puts messages into the queue, by SMTP; nobody takes them out. */
  async fill(messages: number, octets: number): Promise<void> {
    const port = await freePort();
    this.#configure([`127.0.0.1:${port} inet n - n - - smtpd`]);
    await this.#postfix('start');
    this.#isRunning = true;
    const counts = ['-d', '-s', '8', '-m', String(messages), '-l', String(octets)];
    // With one of another start it would wait for whom nobody answers.
    rmSync(join(this.#directory, 'queue/public/qmgr'), { force: true });
    await run('smtp-source', [...counts, '-f', 'mary@example.com', '-t', 'bob@sink.example', `127.0.0.1:${port}`]);
    await this.close();
    if (this.#waiting() !== messages) throw new Error(`Postfix has ${this.#waiting()} of ${messages} messages`);
  }

  /** Lets what is in the queue go. @returns the process at the root of all that do that */
  async open(): Promise<number> {
    this.#configure(['qmgr unix n - n 300 1 qmgr', 'smtp unix - - n - - smtp']);
    await this.#postfix('start');
    this.#isRunning = true;
    return Number(readFileSync(join(this.#directory, 'queue/pid/master.pid'), 'utf8'));
  }

  /** Waits until nothing is in it. */
  async empty(): Promise<void> {
    while (this.#waiting() > 0) await pause(LOOK_AGAIN_MS);
  }

  async close(): Promise<void> {
    if (!this.#isRunning) return;
    await this.#postfix('stop');
    this.#isRunning = false;
  }

  #waiting(): number {
    return QUEUES.flatMap((name) =>
      readdirSync(join(this.#directory, 'queue', name), { recursive: true, withFileTypes: true }),
    ).filter((entry) => entry.isFile()).length;
  }

  async #postfix(command: 'start' | 'stop'): Promise<void> {
    try {
      await run('postfix', [command], { env: { ...process.env, MAIL_CONFIG: join(this.#directory, 'etc') } });
    } catch (cause) {
      const log = readFileSync(join(this.#directory, 'log/maillog'), 'utf8');
      throw new Error(`postfix ${command} failed: ${log.slice(-2_000)}`, { cause });
    }
  }

  /** What is not said here is as Debian and Postfix have it. */
  #configure(services: readonly string[]): void {
    const of = (name: string) => execFileSync('postconf', ['-dh', name], { encoding: 'utf8' }).trim();
    const directory = this.#directory;
    const main = {
      compatibility_level: '3.6',
      queue_directory: `${directory}/queue`,
      data_directory: `${directory}/data`,
      command_directory: of('command_directory'),
      daemon_directory: of('daemon_directory'),
      mail_owner: 'postfix',
      setgid_group: 'postdrop',
      maillog_file: `${directory}/log/maillog`,
      maillog_file_prefixes: directory,
      multi_instance_name: 'postelbench',
      multi_instance_enable: 'yes',
      inet_interfaces: '127.0.0.1',
      inet_protocols: 'ipv4',
      myhostname: 'mx.postel.test',
      mydestination: '',
      mynetworks: '127.0.0.0/8',
      alias_maps: '',
      alias_database: '',
      smtpd_peername_lookup: 'no',
      smtp_tls_security_level: 'none',
      disable_dns_lookups: 'yes',
      in_flow_delay: '0', // while it is filled nobody takes anything out, for which it would wait
      default_transport: `smtp:[127.0.0.1]:${this.#sinkPort}`,
      relay_transport: `smtp:[127.0.0.1]:${this.#sinkPort}`,
      message_size_limit: '52428800',
    };
    const common = [
      'cleanup unix n - n - 0 cleanup',
      'rewrite unix - - n - - trivial-rewrite',
      'bounce unix - - n - 0 bounce',
      'defer unix - - n - 0 bounce',
      'trace unix - - n - 0 bounce',
      'verify unix - - n - 1 verify',
      'error unix - - n - - error',
      'retry unix - - n - - error',
      'proxymap unix - - n - - proxymap',
      'anvil unix - - n - 1 anvil',
      'scache unix - - n - 1 scache',
      'postlog unix-dgram n - n - 1 postlogd',
    ];
    writeFileSync(
      join(directory, 'etc/main.cf'),
      Object.entries(main)
        .map(([name, value]) => `${name} = ${value}\n`)
        .join(''),
    );
    writeFileSync(join(directory, 'etc/master.cf'), [...services, ...common, ''].join('\n'));
  }
}

function userOf(name: string): { readonly uid: number; readonly gid: number } {
  const of = (option: string) => Number(execFileSync('id', [option, name], { encoding: 'utf8' }));
  return { uid: of('-u'), gid: of('-g') };
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const CONNECT_HERE = fileURLToPath(new URL('../../fixtures/connect-here.ts', import.meta.url));
const NETWORK_OCTETS = { front: '192.168.51', back: '192.168.52' } as const;

/** Clients reach servers by the front network; behind, servers reach the database and what else they share. */
type NetworkName = keyof typeof NETWORK_OCTETS;

/** Why this machine cannot have hosts of a test's own; '' if it can. */
export function noNetworkNote(): string {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux';
  const trial = spawnSync('unshare', [
    '--net',
    '--mount',
    'sh',
    '-c',
    'ip link add trial type bridge && iptables -L -n',
  ]);
  return trial.status === 0 ? '' : 'needs network namespaces, ip and iptables';
}

/**
 * Hosts of one test, joined by two networks that nothing else is in. A host is a network namespace that lives as long as a
 * process in it: so nothing is left behind, however the test ends.
 */
export class TestNetwork implements AsyncDisposable {
  readonly #switch = new Namespace();
  readonly #hosts: TestHost[] = [];

  static async make(): Promise<TestNetwork> {
    const network = new TestNetwork();
    await network.#switch.ready();
    for (const name of Object.keys(NETWORK_OCTETS)) {
      network.#switch.run('ip', 'link', 'add', name, 'type', 'bridge');
      network.#switch.run('ip', 'link', 'set', name, 'up');
    }
    return network;
  }

  async addHost(...networks: readonly NetworkName[]): Promise<TestHost> {
    const number = this.#hosts.length + 1;
    const host = new TestHost(number, this.#switch);
    this.#hosts.push(host);
    await host.join(networks);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.#hosts) await host[Symbol.asyncDispose]();
    await this.#switch[Symbol.asyncDispose]();
  }
}

/** A machine, as far as processes that run there can tell: with addresses of its own, and files that only it sees. */
export class TestHost implements AsyncDisposable {
  readonly #number: number;
  readonly #switch: Namespace;
  readonly #namespace = new Namespace();
  #connector: ChildProcess | null = null;
  #nextId = 1;

  constructor(number: number, theSwitch: Namespace) {
    this.#number = number;
    this.#switch = theSwitch;
  }

  address(network: NetworkName): string {
    return `${NETWORK_OCTETS[network]}.${this.#number}`;
  }

  async join(networks: readonly NetworkName[]): Promise<void> {
    await this.#namespace.ready();
    this.#namespace.run('ip', 'link', 'set', 'lo', 'up');
    for (const network of networks) {
      const port = this.#portTo(network);
      const ends = ['name', network, 'netns', `${this.#namespace.pid}`];
      this.#switch.run('ip', 'link', 'add', port, 'type', 'veth', 'peer', ...ends);
      this.#switch.run('ip', 'link', 'set', port, 'master', network, 'up');
      this.#namespace.run('ip', 'address', 'add', `${this.address(network)}/24`, 'dev', network);
      this.#namespace.run('ip', 'link', 'set', network, 'up');
    }
  }

  /**
   * The command line that runs a program here.
   *
   * @param hidden directories of other hosts, which are empty for the program and cannot be entered
   */
  commandLine(program: readonly string[], hidden: readonly string[] = []): readonly string[] {
    const hide = 'while [ "$1" != -- ]; do mount -t tmpfs -o size=4k,mode=0 hidden "$1" || exit 1; shift; done; shift';
    const shell = ['sh', '-c', `${hide}; exec "$@"`, 'sh', ...hidden, '--', ...program];
    return [...this.#namespace.enter, 'unshare', '--mount', ...shell];
  }

  /** Runs a program here to its end. @throws with what it printed, if it fails */
  run(...program: readonly string[]): void {
    this.#namespace.run(...program);
  }

  /** A connection from here to another host. */
  async connect(host: string, port: number): Promise<Socket> {
    this.#connector ??= await this.#startConnector();
    const connector = this.#connector;
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const take = (message: { id?: number; message?: string }, socket: unknown) => {
      if (message.id !== id) return;
      connector.off('message', take);
      if (socket instanceof Socket) resolve(socket.setNoDelay());
      else reject(new Error(message.message ?? 'no socket came'));
    };
    connector.on('message', take);
    connector.send({ id, host, port });
    return await promise;
  }

  /** Nothing gets through any more between this host and a network, and nobody is told. */
  cutOff(network: NetworkName): void {
    this.#switch.run('ip', 'link', 'set', this.#portTo(network), 'nomaster');
  }

  heal(network: NetworkName): void {
    this.#switch.run('ip', 'link', 'set', this.#portTo(network), 'master', network);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connector?.disconnect();
    await this.#namespace[Symbol.asyncDispose]();
  }

  /** The host's port at the switch. */
  #portTo(network: NetworkName): string {
    return `${network}-${this.#number}`;
  }

  async #startConnector(): Promise<ChildProcess> {
    const [file = '', ...args] = [...this.#namespace.enter, process.execPath, CONNECT_HERE];
    const connector = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(connector, 'message');
    return connector;
  }
}

/** A network namespace, kept by a process that ends with this one. */
class Namespace implements AsyncDisposable {
  readonly #keeper = spawn('unshare', ['--net', 'sh', '-c', 'echo made; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });

  get pid(): number {
    return this.#keeper.pid ?? 0;
  }

  get enter(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`];
  }

  async ready(): Promise<void> {
    await once(this.#keeper.stdout, 'data');
  }

  run(...program: readonly string[]): void {
    const [file = '', ...args] = [...this.enter, ...program];
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program.join(' ')}: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null) return;
    const ended = once(this.#keeper, 'exit');
    this.#keeper.stdin.end();
    await ended;
  }
}

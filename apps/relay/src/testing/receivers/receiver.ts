import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

/** What every receiver is set up with. */
export const MOST_OCTETS = 20_000_000;
export const MOST_RECIPIENTS = 10;
/** Who is there, at `receiver.example`; mail for `kept` stays in the receiver's queue. */
export const PEOPLE = ['bob', 'late', 'large', ...Array.from({ length: 20 }, (_, i) => `r${i}`)];

const LOOK_AGAIN_MS = 20;
const START_MS = 20_000;

/** Another mail server of Debian's, started privately. */
export interface Receiver extends AsyncDisposable {
  readonly port: number;
  /** Waits until somebody has so many messages, and gives them as they lie in their mailbox, lines ending in CRLF. */
  arrived(localPart: string, count: number): Promise<readonly Buffer[]>;
  /** Waits for what it has in its queue for `kept`, with what it knows of the envelope. */
  kept(): Promise<string>;
  /** From now on defers recipients with 450, or not any more. */
  setGrey(isGrey: boolean): Promise<void>;
}

const { XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env;
/** Where `.ci/run` unpacks packages that cannot be installed beside each other. */
export const UNPACKED = join(XDG_CACHE_HOME, 'postel-receivers');

/** A directory that the users of a mail server may go through, with a certificate and mailboxes that anybody may write to. */
export class ReceiverDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'postel-receiver-'));
  readonly mail = join(this.path, 'mail');

  static async make(): Promise<ReceiverDirectory> {
    const directory = new ReceiverDirectory();
    chmodSync(directory.path, 0o755);
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', directory.at('key.pem'), '-out', directory.at('cert.pem')];
    await promisify(execFile)('openssl', ['req', '-x509', ...key, '-days', '3650', '-subj', '/CN=mx.receiver.example']);
    directory.makeFor('mail', 0o777);
    return directory;
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string, mode = 0o644): string {
    writeFileSync(this.at(name), text, { mode });
    return this.at(name);
  }

  makeFor(name: string, mode = 0o755): string {
    mkdirSync(this.at(name), { recursive: true });
    chmodSync(this.at(name), mode); // whatever the umask
    return this.at(name);
  }

  async arrived(localPart: string, count: number): Promise<readonly Buffer[]> {
    const place = join(this.mail, localPart, 'new');
    const names = await until(() => {
      const all = existsSync(place) ? readdirSync(place) : [];
      return all.length >= count ? all : null;
    });
    return names.map((name) => withCrlf(readFileSync(join(place, name))));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Mail servers of Unix keep lines with LF. */
function withCrlf(octets: Buffer): Buffer {
  return Buffer.from(octets.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

/** Waits for a file of such a name, in a directory or below it. @returns its path */
export async function findFile(place: string, name: RegExp): Promise<string> {
  const found = await until(() => {
    const all = existsSync(place) ? readdirSync(place, { recursive: true, encoding: 'utf8' }) : [];
    return all.find((one) => name.test(one)) ?? null;
  });
  return join(place, found);
}

/** Looks until there is something. */
export async function until<Found>(look: () => Found | null): Promise<Found> {
  for (;;) {
    const found = look();
    if (found !== null) return found;
    await pause(LOOK_AGAIN_MS);
  }
}

/** A program in the foreground that listens to a port. */
export class Listening {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = '';

  private constructor(command: readonly string[]) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#ended = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-4_000);
      });
    }
  }

  /** @throws with what it said if it does not listen */
  static async start(command: readonly string[], port: number): Promise<Listening> {
    const program = new Listening(command);
    const deadline = performance.now() + START_MS;
    while (!(await greets(port))) {
      if (program.#child.exitCode !== null || performance.now() > deadline) {
        await program.stop();
        throw new Error(`${command.join(' ')} does not listen: ${program.#said}`);
      }
      await pause(LOOK_AGAIN_MS);
    }
    return program;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

/** Whether somebody there says 220. */
export function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(5_000, () => socket.destroy());
    socket.once('data', (octets) => {
      socket.end('QUIT\r\n');
      resolve(octets.toString('latin1').startsWith('220'));
    });
    socket.once('error', () => resolve(false)).once('close', () => resolve(false));
  });
}

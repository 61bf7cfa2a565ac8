import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ScriptedServer } from '../packages/dns/src/testing/scripted-server.ts';
import type { Arrival, SinkConnection } from './compare-arrivals.ts';

/** Each a mail server of its own, two of which every domain has. Nobody else on this machine has these addresses. */
const HOSTS = ['127.77.0.1', '127.77.0.2', '127.77.0.3', '127.77.0.4'];
const SMTP_PORT = 25;
const TTL = 3_600;

/**
 * What becomes of a recipient, by the first word of their local part: taken; deferred once; refused for good; the connection breaks once, with
 * all of the message and before it was taken; or breaks when it was taken, before anybody heard of that.
 */
export const FATES = ['good', 'late', 'bad', 'cut', 'lost'] as const;
export type Fate = (typeof FATES)[number];

/** The mail servers of all domains `dN.example`, and the DNS server that names them. */
export class SendingSink implements AsyncDisposable {
  /** By recipient, each time that their message was taken. */
  readonly taken = new Map<string, Arrival[]>();
  readonly #seen = new Set<string>();
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();
  readonly #dns: ScriptedServer;

  private constructor(servers: readonly Server[], dns: ScriptedServer) {
    this.#servers = servers;
    this.#dns = dns;
    for (const server of servers) {
      // Who is killed resets its connections.
      server.on('connection', (socket) => void this.#serve(socket).catch(() => socket.destroy()));
    }
  }

  /** @throws if this machine lets us have no port 25 */
  static async start(): Promise<SendingSink> {
    const servers = HOSTS.map(() => createServer());
    for (const [i, server] of servers.entries()) {
      server.listen(SMTP_PORT, HOSTS[i]);
      await once(server, 'listening');
    }
    const dns = await ScriptedServer.start((name, type) => {
      const [, domain] = /^d(\d+)\.example$/.exec(name) ?? [];
      const [, host] = /^mx(\d)\.sink\.example$/.exec(name) ?? [];
      if (domain !== undefined) {
        const exchanges = [0, 1].map((i) => `mx${(Number(domain) + i) % HOSTS.length}.sink.example`);
        const answers = exchanges.map((exchange, preference) => {
          return { name, type: 'MX' as const, ttl: TTL, data: { preference, exchange } };
        });
        return { answers: type === 'MX' ? answers : [] };
      }
      if (host === undefined) return { code: 3 };
      return { answers: type === 'A' ? [{ name, type, ttl: TTL, data: HOSTS[Number(host)] ?? '' }] : [] };
    });
    return new SendingSink(servers, dns);
  }

  /** As the configuration names it. */
  get dnsServer(): string {
    return `127.0.0.1:${this.#dns.port}`;
  }

  async #serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    const connection: SinkConnection = { endedMs: null };
    const ended = () => {
      connection.endedMs ??= performance.now();
    };
    socket.on('error', () => {}).on('end', ended);
    socket.on('close', () => {
      ended();
      this.#sockets.delete(socket);
    });
    const say = (text: string) => socket.write(`${text}\r\n`);
    say('220 sink.example ESMTP');
    let recipients: string[] = [];
    let isData = false;
    for await (const line of createInterface({ input: socket })) {
      if (isData && line !== '.') continue;
      if (isData) {
        isData = false;
        if (!this.#take(socket, connection, recipients)) return;
        recipients = [];
      } else if (line.startsWith('EHLO')) say('250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME');
      else if (line.startsWith('RCPT'))
        say(this.#answer(line.slice('RCPT TO:<'.length, line.indexOf('>')), recipients));
      else if (line === 'DATA') {
        isData = recipients.length > 0;
        say(isData ? '354 Go ahead' : '554 5.5.1 Nobody');
      } else if (line === 'QUIT') socket.end('221 Bye\r\n');
      else {
        if (line.startsWith('MAIL') || line === 'RSET') recipients = [];
        say('250 2.0.0 Ok');
      }
    }
  }

  #answer(recipient: string, recipients: string[]): string {
    const fate = fateOf(recipient);
    if (fate === 'bad') return '550 5.1.1 No such person';
    if (fate === 'late' && this.#isFirst(recipient)) return '450 4.2.0 Later';
    recipients.push(recipient);
    return '250 2.1.5 Ok';
  }

  /** @returns whether the connection goes on */
  #take(socket: Socket, connection: SinkConnection, recipients: readonly string[]): boolean {
    // One of the whole group is enough.
    if (recipients.some((recipient) => fateOf(recipient) === 'cut' && this.#isFirst(recipient))) {
      socket.destroy();
      return false;
    }
    const isLost = recipients.some((recipient) => fateOf(recipient) === 'lost' && this.#isFirst(recipient));
    const arrival: Arrival = { saidMs: isLost ? null : performance.now(), connection };
    for (const recipient of recipients) this.taken.set(recipient, [...(this.taken.get(recipient) ?? []), arrival]);
    if (isLost) socket.destroy();
    else socket.write('250 2.0.0 Taken\r\n');
    return !isLost;
  }

  #isFirst(recipient: string): boolean {
    if (this.#seen.has(recipient)) return false;
    this.#seen.add(recipient);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    await this.#dns[Symbol.asyncDispose]();
  }
}

export function fateOf(recipient: string): Fate {
  return FATES.find((fate) => recipient.startsWith(`${fate}-`)) ?? 'good';
}

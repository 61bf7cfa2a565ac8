import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, AUTHENTIC_DATA, decode, encode } from 'dns-packet';

const NXDOMAIN = 3;

/** A DNS server of this machine that has what was published, and vouches for it (DNSSEC). */
export class ZoneServer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #answers = new Map<string, Answer[]>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (octets, { port, address }) => {
      const { id, questions: [question] = [] } = decode(octets);
      if (question === undefined) return;
      const { name, type } = question;
      const all = this.#answers.get(name.toLowerCase());
      // An alias leads on by a question of its own.
      const answers = all?.filter((answer) => answer.type === type || answer.type === 'CNAME') ?? [];
      const flags = AUTHENTIC_DATA | (all === undefined ? NXDOMAIN : 0);
      socket.send(
        encode({ type: 'response', ...(id !== undefined && { id }), flags, questions: [question], answers }),
        port,
        address,
      );
    });
  }

  static async start(): Promise<ZoneServer> {
    const socket = createSocket('udp4');
    await once(socket.bind(0, '127.0.0.1'), 'listening');
    return new ZoneServer(socket);
  }

  /** As `dns.servers` of a configuration file has it. */
  get address(): string {
    return `${this.server.address}:${this.server.port}`;
  }

  get server(): { readonly address: string; readonly port: number } {
    return { address: '127.0.0.1', port: this.#socket.address().port };
  }

  /** What each name has as text. */
  get texts(): Readonly<Record<string, string>> {
    const texts = [...this.#answers].flatMap(([name, answers]) =>
      answers.flatMap((answer) => (answer.type === 'TXT' ? [[name, [answer.data].flat().join('')]] : [])),
    );
    return Object.fromEntries(texts);
  }

  /** Lines of a zone file, in the form that `config dnsrecords` prints. */
  publish(lines: string): void {
    for (const [, name = '', type = '', data = ''] of lines.matchAll(/^([^;\s]+)\. 3600 IN ([A-Z]+) (.*)$/gm)) {
      const all = this.#answers.get(name) ?? [];
      all.push(answerOf(name, type, data));
      this.#answers.set(name, all);
    }
  }

  /** Takes away all that a name has. */
  unpublish(name: string): void {
    this.#answers.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
  }
}

function answerOf(name: string, type: string, text: string): Answer {
  const words = text.split(' ');
  const [first = 0, second = 0, third = 0] = words.map(Number);
  const target = (words.at(-1) ?? '').replace(/\.$/, '');
  const common = { name, ttl: 1 } as const;
  switch (type) {
    case 'A':
    case 'AAAA':
      return { ...common, type, data: text };
    case 'CNAME':
    case 'PTR':
      return { ...common, type, data: target };
    case 'MX':
      return { ...common, type, data: { preference: first, exchange: target } };
    case 'SRV':
      return { ...common, type, data: { priority: first, weight: second, port: third, target } };
    case 'TLSA':
      return {
        ...common,
        type,
        data: { usage: first, selector: second, matchingType: third, certificate: Buffer.from(target, 'hex') },
      };
    case 'TXT':
      return { ...common, type, data: [...text.matchAll(/"([^"]*)"/g)].map(([, string = '']) => string) };
    default:
      throw new Error(`nobody publishes ${type}`);
  }
}

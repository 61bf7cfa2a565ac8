import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { DnsServer } from '../system-servers.ts';

/** What the server says to one question. */
export interface ScriptedAnswer {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  /** RFC 1035 §4.1.1; 0 if not given. */
  readonly code?: number;
  /** RFC 8914. */
  readonly extendedError?: number;
  readonly isAuthentic?: boolean;
  /** Over UDP it says only that there is more. */
  readonly isTruncated?: boolean;
  /** It says nothing, over UDP or at all. */
  readonly isSilent?: boolean;
  /** Changes the packet before it is sent. */
  readonly change?: (packet: Packet) => Packet;
  /** Sent before the answer, over UDP. */
  readonly before?: (query: DecodedPacket) => readonly Packet[];
  /** Sent before the answer from another port. */
  readonly fromElsewhere?: (query: DecodedPacket) => Packet;
}

type Script = (name: string, type: string, query: DecodedPacket) => ScriptedAnswer;

/** A DNS server on a port of this machine that says what a test wants it to. */
export class ScriptedServer implements AsyncDisposable {
  /** What was asked, `udp MX example.com`, in order. */
  readonly questions: string[] = [];
  readonly queries: DecodedPacket[] = [];
  readonly #script: Script;
  readonly #udp: UdpSocket;
  readonly #elsewhere: UdpSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(script: Script, udp: UdpSocket, elsewhere: UdpSocket, tcp: Server) {
    this.#script = script;
    this.#udp = udp;
    this.#elsewhere = elsewhere;
    this.#tcp = tcp;
    udp.on('message', (octets, { port, address }) => void this.#overUdp(octets, port, address));
    tcp.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (octets: Buffer) => this.#overTcp(octets, socket));
    });
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const tcp = createServer();
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const udp = createSocket('udp4');
    const elsewhere = createSocket('udp4');
    const server = new ScriptedServer(script, udp, elsewhere, tcp);
    udp.bind(server.port, '127.0.0.1');
    elsewhere.bind(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(elsewhere, 'listening')]);
    return server;
  }

  get port(): number {
    const address = this.#tcp.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return address.port;
  }

  server(isTrusted = false): DnsServer {
    return { address: '127.0.0.1', port: this.port, isTrusted };
  }

  async #overUdp(octets: Buffer, port: number, address: string): Promise<void> {
    const query = decode(octets);
    const answer = this.#answerTo('udp', query);
    if (answer.isSilent === true) return;
    for (const packet of answer.before?.(query) ?? []) this.#udp.send(encode(packet), port, address);
    if (answer.fromElsewhere !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#elsewhere.send(encode(answer.fromElsewhere(query)), port, address, () => resolve());
      await promise;
    }
    const { isTruncated = false } = answer;
    const packet = packetOf(query, isTruncated ? { isTruncated } : answer);
    this.#udp.send(encode(answer.change?.(packet) ?? packet), port, address);
  }

  #overTcp(octets: Buffer, socket: Socket): void {
    const query = decode(octets.subarray(2));
    const answer = this.#answerTo('tcp', query);
    if (answer.isSilent === true) return;
    const packet = packetOf(query, { ...answer, isTruncated: false });
    const body = encode(answer.change?.(packet) ?? packet);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(body.length);
    // In two pieces, as networks do it.
    socket.write(Buffer.concat([length, body.subarray(0, 5)]));
    setImmediate(() => socket.write(body.subarray(5)));
  }

  #answerTo(transport: string, query: DecodedPacket): ScriptedAnswer {
    const { name = '', type = '' } = query.questions?.[0] ?? {};
    this.questions.push(`${transport} ${type} ${name}`);
    this.queries.push(query);
    return this.#script(name, type, query);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#udp.close();
    this.#elsewhere.close();
    this.#tcp.close();
    await once(this.#tcp, 'close');
  }
}

export function packetOf(query: DecodedPacket, answer: ScriptedAnswer): Packet {
  const { answers = [], authorities = [], code = 0, extendedError, isAuthentic = false, isTruncated = false } = answer;
  const options =
    extendedError === undefined
      ? []
      : [{ code: 15 as never, data: Buffer.from([extendedError >> 8, extendedError & 0xff]) }];
  return {
    type: 'response',
    id: query.id ?? 0,
    flags: code | (isAuthentic ? AUTHENTIC_DATA : 0) | (isTruncated ? TRUNCATED_RESPONSE : 0),
    questions: query.questions ?? [],
    answers: [...answers],
    authorities: [...authorities],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1_232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options,
      },
    ],
  };
}

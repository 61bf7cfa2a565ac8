import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { AUTHENTIC_DATA, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { TCP_MS, UDP_MS, UDP_OCTETS } from './limits.ts';
import { canonicalName, type RecordType } from './records.ts';
import type { DnsServer } from './system-servers.ts';

export interface ServerAnswer {
  readonly packet: DecodedPacket;
  readonly octets: number;
}

const DNSSEC_OK = 0x8000;
const FORMERR = 1;

/**
 * Asks a server, over UDP, and over TCP if the answer does not fit (RFC 7766 §5); without EDNS if it knows none (RFC 6891 §7).
 *
 * @param name in lower case
 * @throws if there is no answer
 */
export async function askServer(server: DnsServer, name: string, type: RecordType, ms: number): Promise<ServerAnswer> {
  const deadline = performance.now() + ms;
  const left = (most: number) => Math.max(1, Math.min(most, deadline - performance.now()));
  const answer = await askOverUdp(server, query(name, type, true), left(UDP_MS));
  const isPlain = ((answer.packet.flags ?? 0) & 0xf) === FORMERR;
  if (isPlain) return await askOverTcp(server, query(name, type, false), left(TCP_MS));
  return answer.packet.flag_tc ? await askOverTcp(server, query(name, type, true), left(TCP_MS)) : answer;
}

interface Query {
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
  readonly octets: Buffer;
}

/** With AD set we ask for it, and with DO for what is signed to be validated (RFC 6840 §5.7). */
function query(name: string, type: RecordType, hasEdns: boolean): Query {
  const id = randomInt(0x1_0000);
  const octets = encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ name, type }],
    additionals: hasEdns
      ? [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: UDP_OCTETS,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: DNSSEC_OK,
            flag_do: true,
            options: [],
          },
        ]
      : [],
  });
  return { id, name, type, octets };
}

/** Null for what is no answer to the question: who does not see our questions has to guess id and port (RFC 5452 §4). */
function readAnswer(octets: Buffer, { id, name, type }: Query): ServerAnswer | null {
  const packet = decodeOrNull(octets);
  if (packet === null || packet.id !== id || !packet.flag_qr || packet.questions?.length !== 1) return null;
  const [question] = packet.questions;
  if (question === undefined || question.type !== type || canonicalName(question.name) !== name) return null;
  return { packet, octets: octets.length };
}

function decodeOrNull(octets: Buffer): DecodedPacket | null {
  try {
    return decode(octets);
  } catch {
    return null;
  }
}

/** From a port that the system chooses at random; the kernel passes on nothing that comes from elsewhere. */
async function askOverUdp(server: DnsServer, asked: Query, ms: number): Promise<ServerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerAnswer>();
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  const timer = setTimeout(() => reject(new Error('no answer in time')), ms);
  socket.on('error', reject);
  socket.on('message', (octets) => {
    const answer = readAnswer(octets, asked);
    if (answer !== null) resolve(answer);
  });
  socket.on('connect', () => {
    socket.send(asked.octets, (error) => {
      if (error !== null) reject(error);
    });
  });
  socket.connect(server.port, server.address);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** RFC 7766 §8: a message after its length in two octets. */
async function askOverTcp(server: DnsServer, asked: Query, ms: number): Promise<ServerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerAnswer>();
  const socket = connect({ host: server.address, port: server.port, noDelay: true });
  const timer = setTimeout(() => reject(new Error('no answer over TCP in time')), ms);
  const pieces: Buffer[] = [];
  let octets = 0;
  socket.on('error', reject);
  socket.on('end', () => reject(new Error('closed without an answer')));
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece);
    octets += piece.length;
    if (octets < 2) return;
    const all = Buffer.concat(pieces);
    pieces.splice(0, pieces.length, all);
    const end = 2 + all.readUInt16BE(0);
    if (octets < end) return;
    const answer = readAnswer(all.subarray(2, end), asked);
    if (answer === null) reject(new Error('an answer to another question'));
    else resolve(answer);
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(asked.octets.length);
  socket.write(Buffer.concat([length, asked.octets]));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

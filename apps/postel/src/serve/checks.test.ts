/** What is asked about mail of other servers, as the configuration file names it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ConfiguredServer } from '../testing/configured-server.ts';

const HEADER_OCTETS = 12;
const TYPE_A = 1;

test('the DNSBLs of the file are asked by the DNS servers of the file, from the start', async () => {
  const asked: string[] = [];
  const dns = createSocket('udp4', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const isListed = name === '2.0.0.127.bl.example' && type === TYPE_A;
    dns.send(answerTo(query.subarray(0, end), isListed ? Buffer.from([127, 0, 0, 2]) : null), port, address);
  });
  await once(dns.bind(0, '127.0.0.1'), 'listening');
  try {
    const settings = { dns: { servers: [`127.0.0.1:${dns.address().port}`] } };
    await using server = await ConfiguredServer.prepare({ ...settings, smtp: { dnsbls: ['bl.example'] } });
    await server.start();
    await expect
      .poll(async () => (await server.http('/metrics')).body, { timeout: 20_000 })
      .toMatch(/^postel_smtp_dnsbl_believed\{list="bl\.example",family="ipv4",process="smtp"\} 1$/m);
    expect(asked).toContain('2.0.0.127.bl.example');
  } finally {
    dns.close();
  }
});

/** RFC 1035 §4.1.2. */
function questionOf(query: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_OCTETS;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** @param address the one A record; null for NXDOMAIN */
function answerTo(question: Buffer, address: Buffer | null): Buffer {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(address === null ? 0x8183 : 0x8180, 2);
  answer.writeUInt16BE(address === null ? 0 : 1, 6);
  answer.writeUInt16BE(0, 10); // without the EDNS of the question
  if (address === null) return answer;
  return Buffer.concat([answer, Buffer.from([0xc0, HEADER_OCTETS, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4]), address]);
}

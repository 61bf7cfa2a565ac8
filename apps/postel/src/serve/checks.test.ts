/** What is asked about mail of other servers, as the configuration file names it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { ConfiguredServer, HOST } from '../testing/configured-server.ts';

const HEADER_OCTETS = 12;
const TYPE_A = 1;
const NXDOMAIN = 0x8183;
const SERVFAIL = 0x8182;

test('the DNSBLs of the file are asked by the DNS servers of the file, from the start', {
  timeout: 90_000,
}, async () => {
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

test('the Rspamd of the file is shown mail of other servers, and what it says is done', { timeout: 90_000 }, async ({
  skip,
}) => {
  const localAddress = ownAddress();
  if (localAddress === null) return skip('this machine has no address but loopback, whose mail is never judged');
  const dns = createSocket('udp4', (query, { port, address }) => {
    dns.send(answerTo(query.subarray(0, questionOf(query).end), null, SERVFAIL), port, address);
  });
  await once(dns.bind(0, '127.0.0.1'), 'listening');
  const asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const rspamd = createServer(async (request, response) => {
    const body = await text(request);
    asked.push({ headers: request.headers, body });
    const isBad = body.includes('Subject: bad');
    response.end(
      JSON.stringify({ action: isBad ? 'reject' : 'no action', score: isBad ? 16.2 : 1.5, required_score: 15 }),
    );
  });
  await once(rspamd.listen(0, '127.0.0.1'), 'listening');
  try {
    const settings = { dns: { servers: [`127.0.0.1:${dns.address().port}`] } };
    await using server = await ConfiguredServer.prepare(settings);
    writeFileSync(join(server.directory, 'rspamd-password'), 'planted-canary\n', { mode: 0o600 });
    const url = `http://127.0.0.1:${portOf(rspamd)}`;
    server.configure({ ...settings, smtp: { rspamd: { url, passwordFile: 'rspamd-password' } } });
    await server.start();
    const mary = await server.addAccount('mary');
    const sender = createTransport({ host: HOST, port: server.ports.mx, localAddress, ignoreTLS: true });
    const mail = { from: 'x@elsewhere.example', to: 'mary@example.com', text: 'hello' };

    await sender.sendMail({ ...mail, subject: 'good' });
    expect(asked[0]?.headers).toMatchObject({
      password: 'planted-canary',
      ip: localAddress,
      rcpt: '<mary@example.com>',
    });
    expect(asked[0]?.body).toContain('\r\nSubject: good\r\n');
    await expect(sender.sendMail({ ...mail, subject: 'bad' })).rejects.toThrow(
      /451-4\.7\.1 The content filter takes it for spam: 16\.2 points, and 15\.0 are too many/,
    );

    const imap = await server.imap(mary);
    const headerIn = async (mailbox: string) => {
      await imap.mailboxOpen(mailbox);
      const message = await imap.fetchOne('*', { headers: true });
      return message === false ? '' : String(message.headers);
    };
    expect(await headerIn('INBOX')).toMatch(
      /^X-Spam-Status: No, score=1\.50 required=15\.00\r\n[\s\S]+^Subject: good\r$/m,
    );
    expect(await headerIn('Rejects')).toMatch(
      /^X-Spam-Status: Yes, score=16\.20 [\s\S]+^X-Postel-Rejected: [\s\S]+^Subject: bad\r$/m,
    );
    await imap.logout();
    expect(server.process.output).not.toContain('planted-canary');
  } finally {
    dns.close();
    rspamd.close();
  }
});

/** An IPv4 address of this machine that is not loopback, from which it can talk to itself; null if it has none. */
function ownAddress(): string | null {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? null;
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

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

/** @param address the one A record; null for `failure` */
function answerTo(question: Buffer, address: Buffer | null, failure = NXDOMAIN): Buffer {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(address === null ? failure : 0x8180, 2);
  answer.writeUInt16BE(address === null ? 0 : 1, 6);
  answer.writeUInt16BE(0, 10); // without the EDNS of the question
  if (address === null) return answer;
  return Buffer.concat([answer, Buffer.from([0xc0, HEADER_OCTETS, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4]), address]);
}

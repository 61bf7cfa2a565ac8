import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { MessageVerifier } from '@postel/message-auth';
import { createTestDatabase, requirePrograms, verifyByDkimpy } from '@postel/testkit';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { resolverOf } from '../domains/domain-server.ts';
import { ConfiguredServer, HOST, urlOf } from '../testing/configured-server.ts';
import { ZoneServer } from '../testing/zone-server.ts';

/** Where mail for `*.localhost` goes, which every resolver of ours knows without asking. */
const SMTP_PORT = 25;

/** Another mail server, which takes everything. Null where this machine lets us have no such port. */
async function startReceiver() {
  const { promise: received, resolve } = Promise.withResolvers<readonly string[]>();
  const server = createServer(async (socket) => {
    socket.on('error', () => {});
    const heard: string[] = [];
    let isData = false;
    socket.write('220 remote.localhost ESMTP\r\n');
    for await (const line of createInterface({ input: socket })) {
      heard.push(line);
      if (isData && line !== '.') continue;
      if (line === '.') resolve(heard);
      isData = line === 'DATA';
      socket.write(isData ? '354 Go ahead\r\n' : '250 Ok\r\n');
      if (line === 'QUIT') socket.end();
    }
  });
  try {
    server.listen(SMTP_PORT, HOST);
    await once(server, 'listening');
  } catch {
    return null;
  }
  return { received, [Symbol.dispose]: () => void server.close() };
}

test('what a mail program submits arrives at another server, signed by keys whose records the command line has told', async ({
  skip,
}) => {
  using receiver = await startReceiver();
  if (receiver === null) return skip('SKIP: this machine lets the test have no port 25');
  await using dns = await ZoneServer.start();
  const { target } = await createTestDatabase();
  await using server = await ConfiguredServer.prepare({
    database: { url: urlOf(target) },
    relay: { privateNetworks: ['127.0.0.0/8'] },
    dns: { servers: [dns.address] },
  });
  await server.start();
  const mary = await server.addAccount('mary');
  const records = await server.postel('config dnsrecords example.com');
  dns.publish(records.stdout);
  const transport = createTransport({
    host: HOST,
    port: server.ports.submissions,
    secure: true,
    tls: { ca: server.ca, servername: 'mail.example.com' },
    auth: mary,
  });
  await transport.sendMail({
    from: 'mary@example.com',
    to: 'bob@remote.localhost',
    subject: 'to the world',
    text: 'hello',
  });
  transport.close();
  const heard = await receiver.received;
  expect(heard.slice(0, 4)).toEqual([
    'EHLO mail.example.com',
    expect.stringMatching('^MAIL FROM:<mary@example.com>'),
    'RCPT TO:<bob@remote.localhost>',
    'DATA',
  ]);
  expect(heard).toContain('Subject: to the world');
  expect(heard).toContain('hello');

  const message = Buffer.from(`${heard.slice(heard.indexOf('DATA') + 1, heard.indexOf('.')).join('\r\n')}\r\n`);
  expect(message.toString()).toMatch(/^DKIM-Signature: v=1; a=ed25519-sha256;.*^DKIM-Signature: v=1; a=rsa-sha256;/ms);
  const { resolver } = resolverOf({ dnsServers: [{ ...dns.server, isTrusted: true }] });
  const verifier = new MessageVerifier({ resolver, hostname: 'remote.localhost', onError: () => {}, workers: 1 });
  const envelope = { clientAddress: '192.0.2.1', clientName: 'mail.example.com', reversePath: 'mary@example.com' };
  const check = verifier.begin(envelope, 5_000);
  await check.push(message);
  const { dkim, dmarc } = await check.finish();
  await verifier.close();
  expect(dkim.map(({ result, domain }) => [result, domain])).toEqual([
    ['pass', 'example.com'],
    ['pass', 'example.com'],
  ]);
  expect(dmarc).toMatchObject({ result: 'pass' });
  requirePrograms(skip, 'dkimverify');
  expect(await verifyByDkimpy(message, dns.texts)).toEqual([true, true]);
});

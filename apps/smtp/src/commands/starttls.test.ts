import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { expect, test, vi } from 'vitest';
import { MailServer, plainResponse } from '../testing/mail-server.ts';
import { SmtpClient } from '../testing/smtp-client.ts';

test('hardening 6: STARTTLS, then everything anew, and no second STARTTLS', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: EHLO client.example
    S: ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
    C: STARTTLS
    S: 220 2.0.0 ...
  `;
  const socket = await client.startTls({ ca: server.postel.ca });
  expect(socket.getProtocol()).toBe('TLSv1.3');
  await client.dialogue`
    C: MAIL FROM:<${account.address}>
    S: 503 5.5.1 ...
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<${account.address}>
    S: 530 5.7.0 Log in first...
    C: STARTTLS
    S: 503 5.5.1 ...
    C: AUTH PLAIN ${plainResponse(account)}
    S: 235 2.7.0 ...
    C: MAIL FROM:<${account.address}>
    S: 250 2.1.0 ...
  `;
});

test('STARTTLS before EHLO, as gsasl does it', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  expect(await client.command('STARTTLS')).toMatch(/^220 /);
  await client.startTls({ ca: server.postel.ca });
  expect(await client.command('EHLO client.example')).toMatch(/^250 /);
});

test('hardening 5: what stands in the packet behind STARTTLS is never executed', async () => {
  const server = new MailServer();
  const account = await server.addAccount();
  await using client = await server.connect();
  await client.command('EHLO client.example');
  client.send(`STARTTLS\r\nEHLO injected.example\r\nAUTH PLAIN ${plainResponse(account)}\r\nNOOP\r\n`);
  expect(await client.reply()).toEqual(['220 2.0.0 Start TLS']);
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: MAIL FROM:<${account.address}>
    S: 503 5.5.1 Say EHLO first...
    C: EHLO client.example
    S: ...
    C: MAIL FROM:<${account.address}>
    S: 530 5.7.0 ...
  `;
});

test('hardening 6: STARTTLS with a parameter', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  await client.dialogue`
    C: STARTTLS now
    S: 501 5.5.4 ...
    C: NOOP
    S: 250 2.0.0 ...
  `;
});

test('plain text after 220 closes the connection, and the log says why', async () => {
  const server = new MailServer();
  await using client = await server.connect();
  const refused = await client.command('NONSENSE');
  const id = /\((\w+)\)$/.exec(refused)?.[1] ?? '';
  await client.dialogue`
    C: STARTTLS
    S: 220 2.0.0 ...
  `;
  client.send('EHLO client.example\r\n');
  const said = (await client.closed()).join();
  expect(said).not.toMatch(/250/);
  await vi.waitFor(async () => {
    const log = await readFile(join(server.postel.dataDirectory, 'logs', 'smtp.log'), 'latin1');
    expect(
      log
        .split('\n')
        .filter((line) => line.includes(id))
        .join('\n'),
    ).toMatch(/spoke plain text after STARTTLS/);
  });
});

test('the certificate is the one of the configuration, also for a client that names no host', async () => {
  const server = new MailServer();
  await using implicit = await SmtpClient.connectTls(server.postel.ports.submissions, { ca: server.postel.ca });
  expect(await implicit.reply()).toHaveLength(1);
  await using client = await server.connect();
  await client.command('STARTTLS');
  const withoutSni = { ca: server.postel.ca, servername: '', checkServerIdentity: () => undefined };
  const { subjectaltname } = (await client.startTls(withoutSni)).getPeerCertificate();
  expect(subjectaltname).toContain('DNS:localhost');
});

test('TLS 1.1 is too old', async () => {
  const server = new MailServer();
  const old = { ca: server.postel.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  await expect(SmtpClient.connectTls(server.postel.ports.submissions, old)).rejects.toThrow(/version/);
});

test('hardening 16: a client that wants to speak another protocol is refused in the TLS handshake', async () => {
  const server = new MailServer();
  const { submissions, mx } = server.postel.ports;
  const { ca } = server.postel;
  await expect(SmtpClient.connectTls(submissions, { ca, ALPNProtocols: ['http/1.1', 'h2'] })).rejects.toThrow(
    /no application protocol/i,
  );
  for (const ALPNProtocols of [['smtp'], undefined]) {
    await using client = await SmtpClient.connectTls(submissions, { ca, ALPNProtocols });
    expect(await client.line()).toMatch(/^220 /);
  }
  await using other = await SmtpClient.connect(mx);
  await other.line();
  expect(await other.command('STARTTLS')).toMatch(/^220 /);
  await expect(other.startTls({ ca, ALPNProtocols: ['imap'] })).rejects.toThrow(/no application protocol/i);
});

test('hardening 16: HTTP within TLS ends at its first line', async () => {
  const server = new MailServer();
  await using client = await server.connectTls();
  client.send('POST / HTTP/1.1\r\nHost: localhost\r\n\r\nEHLO x\r\nMAIL FROM:<>\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 This is SMTP/)]);
});

test('hardening 12: there is no renegotiation, and no early data', async () => {
  const server = new MailServer();
  await using client = await SmtpClient.connectTls(server.postel.ports.submissions, {
    ca: server.postel.ca,
    maxVersion: 'TLSv1.2',
  });
  await client.line();
  const { socket } = client;
  if (!(socket instanceof TLSSocket)) throw new Error('no TLS');
  const refused = new Promise<Error | null>((resolve) => {
    socket.on('error', resolve);
    socket.renegotiate({}, resolve);
  });
  expect(String(await refused)).toMatch(/no.renegotiation|ECONNRESET/i);
});

test('hardening 16: a client that speaks TLS or HTTP to the plain port', async () => {
  const server = new MailServer();
  const { submission } = server.postel.ports;
  await expect(SmtpClient.connectTls(submission, { ca: server.postel.ca })).rejects.toThrow();
  await using client = await server.connect();
  client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(await client.closed()).toEqual([expect.stringMatching(/^554 5\.5\.1 This is SMTP/)]);
});

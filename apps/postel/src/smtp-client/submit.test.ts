import { readFileSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { channelBindingOf } from '@postel/smtp-client';
import { SmtpServerForTests, type SmtpSession, sharedPostel } from '@postel/testkit';
import { makeKeyPair, readClientKey } from '@postel/tls-pubkey';
import { expect, test } from 'vitest';
import { serverFiles } from '../certificates/local-certificates.ts';
import { DataDirectory } from '../data-directory/data-directory.ts';
import { parseClientIdentity } from '../sendmail/client-identity.ts';
import { type Mail, type SubmissionServer, submit } from './submit.ts';

const postel = sharedPostel();
const files = serverFiles(new DataDirectory(postel.dataDirectory));
/** Of the authority whose certificate is `postel.ca`, for localhost. */
const TLS = { key: readFileSync(files.keyFile), cert: readFileSync(files.certFile) };

const MAIL: Mail = {
  reversePath: 'mary@example.com',
  recipients: ['bob@example.org'],
  message: Buffer.from('Subject: x\r\n\r\nhello\r\n'),
  status: { notify: null, returnContent: null, envelopeId: null },
  holdUntil: null,
};

/** On the port of a server that a test has started. */
function to({ port }: { readonly port: number }, more: Partial<SubmissionServer> = {}): SubmissionServer {
  return {
    host: 'localhost',
    port,
    tlsMode: 'starttls',
    tls: { trust: { type: 'authority', ca: postel.ca }, identity: null },
    credentials: { authenticationIdentity: 'mary', password: 'marys password' },
    mechanisms: null,
    ...more,
  };
}

/** As far as EHLO under TLS. @param offered lines of its answer */
async function greetUnderTls(session: SmtpSession, ...offered: readonly string[]): Promise<string> {
  await session.ask('220 mail.example.com');
  await session.ask('250-mail.example.com', '250 STARTTLS');
  session.send('220 2.0.0 Go ahead');
  await session.startTls();
  await session.line();
  return await session.ask('250-mail.example.com', ...offered.map((line) => `250-${line}`), '250 ENHANCEDSTATUSCODES');
}

const start = <Result>(script: (session: SmtpSession) => Promise<Result>, tls: object = TLS) =>
  SmtpServerForTests.start(tls, script);

test('a message is submitted after STARTTLS and AUTH, with its dots stuffed', async () => {
  await using server = await start(async (session) => {
    const auth = await greetUnderTls(session, 'AUTH PLAIN', 'SIZE 1000', '8BITMIME', 'SMTPUTF8');
    return { auth, ...(await session.takeMail(await session.ask('235 2.7.0 Ok'))) };
  });
  const message = Buffer.from('.first: x\r\nSubject: x\r\n\r\n.\r\n..\r\nπ\r\n');
  expect(await submit(to(server), { ...MAIL, message })).toEqual({ reply: '250 2.0.0 Accepted', mechanism: 'PLAIN' });
  const { auth, mail, message: received } = await server.result;
  expect(auth).toBe(`AUTH PLAIN ${Buffer.from('\0mary\0marys password').toString('base64')}`);
  expect(mail).toBe(`MAIL FROM:<mary@example.com> SIZE=${message.length} BODY=8BITMIME`);
  expect(received).toBe('..first: x\nSubject: x\n\n..\n...\nπ');
});

test('MAIL says of a message what the server wants to know, and nothing else', async () => {
  const mailLine = async (mail: Partial<Mail>, ...offered: readonly string[]) => {
    await using server = await start(async (session) => {
      await greetUnderTls(session, 'AUTH PLAIN', ...offered);
      return await session.takeMail(await session.ask('235 2.7.0 Ok'));
    });
    await submit(to(server), { ...MAIL, ...mail });
    return (await server.result).mail;
  };
  const wideHeader = Buffer.from('Subject: π\r\n\r\nhello\r\n');
  expect(await mailLine({})).toBe('MAIL FROM:<mary@example.com>');
  expect(await mailLine({ reversePath: '' })).toBe('MAIL FROM:<>');
  expect(await mailLine({ message: wideHeader })).toBe('MAIL FROM:<mary@example.com>');
  expect(await mailLine({ message: wideHeader }, 'SMTPUTF8')).toBe('MAIL FROM:<mary@example.com> SMTPUTF8');
  expect(await mailLine({ recipients: ['π@example.org'] }, 'SMTPUTF8')).toBe('MAIL FROM:<mary@example.com> SMTPUTF8');
});

test.for<[string, Partial<Mail>, readonly string[], RegExp]>([
  ['larger than the server takes', {}, ['SIZE 10'], /takes 10/],
  ['to an address that the server has no letters for', { recipients: ['π@example.org'] }, [], /SMTPUTF8/],
])('a message %s is not begun', async ([, mail, offered, message]) => {
  await using server = await start(async (session) => {
    await greetUnderTls(session, 'AUTH PLAIN', ...offered);
    return await session.ask('235 2.7.0 Ok');
  });
  await expect(submit(to(server), { ...MAIL, ...mail })).rejects.toThrow(message);
  expect(await server.result).toBe('');
});

test('hardening 7: what comes behind the reply to STARTTLS is not taken for what the server says under TLS', async () => {
  await using server = await start(async (session) => {
    await session.ask('220 mail.example.com');
    await session.ask('250-mail.example.com', '250 STARTTLS');
    return await session.ask('220 2.0.0 Go ahead', '250-mail.example.com', '250 AUTH PLAIN', '235 2.7.0 Ok');
  });
  const failure = submit(to(server), MAIL);
  await expect(failure).rejects.toMatchObject({ kind: 'protocol', isTemporary: true });
  expect(await server.result).toBe('');
});

test('hardening 6: without STARTTLS nothing is sent, neither password nor message', async () => {
  await using server = await start(async (session) => {
    await session.ask('220 mail.example.com');
    return await session.ask('250-mail.example.com', '250 AUTH PLAIN');
  });
  await expect(submit(to(server), MAIL)).rejects.toThrow(/no STARTTLS/);
  expect(await server.result).toBe('');
});

test('what was offered in the clear does not count under TLS', async () => {
  await using server = await start(async (session) => {
    await session.ask('220 mail.example.com');
    await session.ask('250-mail.example.com', '250-STARTTLS', '250 AUTH PLAIN');
    session.send('220 2.0.0 Go ahead');
    await session.startTls();
    await session.line();
    return await session.ask('250-mail.example.com', '250 AUTH CRAM-MD5');
  });
  const failure = submit(to(server), MAIL);
  expect(await server.result).toBe('AUTH CRAM-MD5');
  await server[Symbol.asyncDispose]();
  await expect(failure).rejects.toMatchObject({ kind: 'unreachable', isTemporary: true });
});

test.for<[string, Partial<SubmissionServer>, RegExp]>([
  ['for another name', { host: '127.0.0.2' }, /it is for another name/],
  [
    'of an authority that nobody knows',
    { tls: { trust: { type: 'authority', ca: null }, identity: null } },
    /authority that is not known here/,
  ],
])('a certificate %s ends it before anything is said', async ([, settings, message]) => {
  const script = async (session: SmtpSession) => {
    await session.startTls();
    return await session.ask('220 mail.example.com');
  };
  await using server = await SmtpServerForTests.start(TLS, script, settings.host);
  const failure = submit(to(server, { tlsMode: 'implicit', ...settings }), MAIL);
  await expect(failure).rejects.toThrow(message);
  await expect(failure).rejects.toMatchObject({ kind: 'untrusted', isTemporary: false });
  expect(await server.result).toBe('');
});

/** The server's first message of SCRAM to a client's AUTH. */
function challengeTo(auth: string, iterations: number): string {
  const first = Buffer.from(auth.split(' ')[2] ?? '', 'base64').toString();
  const [, nonce = ''] = /,r=(.+)$/.exec(first) ?? [];
  return `334 ${Buffer.from(`r=${nonce}x,s=QSXCR+Q6sek8bf92,i=${iterations}`).toString('base64')}`;
}

test('a password is bound to the connection by SCRAM where the server can do that', async () => {
  await using server = await start(async (session) => {
    const auth = await greetUnderTls(session, 'AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN');
    const { socket } = session;
    const first = Buffer.from(auth.replace('AUTH SCRAM-SHA-256-PLUS ', ''), 'base64').toString();
    const final = Buffer.from(await session.ask(challengeTo(auth, 4_096)), 'base64').toString();
    const binding = socket instanceof TLSSocket ? channelBindingOf(socket) : null;
    // It says that all is well, and has not proven to know the password.
    return { first, final, binding, next: await session.ask('235 2.7.0 Ok') };
  });
  await expect(submit(to(server), MAIL)).rejects.toMatchObject({ kind: 'untrusted' });
  const { first, final, binding, next } = await server.result;
  expect(first).toMatch(/^p=tls-exporter,,n=mary,r=/);
  const bound = Buffer.concat([Buffer.from('p=tls-exporter,,'), binding?.data ?? Buffer.alloc(0)]).toString('base64');
  expect(final.startsWith(`c=${bound},r=`)).toBe(true);
  expect(next).toBe('');
});

test('a login that goes wrong in the mechanism is cancelled', async () => {
  await using server = await start(async (session) => {
    const auth = await greetUnderTls(session, 'AUTH SCRAM-SHA-256');
    const cancel = await session.ask(challengeTo(auth, 2 ** 31));
    return [cancel, await session.ask('501 5.7.0 Cancelled')];
  });
  await expect(submit(to(server), MAIL)).rejects.toMatchObject({ kind: 'login', isTemporary: false });
  expect(await server.result).toEqual(['*', '']);
});

/** A client key, and what a server hears of one who has it and nothing else. */
async function withKeyAlone(
  offered: readonly string[],
  answer: (session: SmtpSession, line: string) => Promise<unknown>,
) {
  const { privateKey } = await makeKeyPair('ed25519');
  const identity = parseClientIdentity(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'key.pem');
  await using server = await start(
    async (session) => {
      const line = await greetUnderTls(session, ...offered);
      const peer = session.socket instanceof TLSSocket ? session.socket.getPeerCertificate().raw : Buffer.alloc(0);
      return { line, shown: readClientKey(peer), answered: await answer(session, line) };
    },
    { ...TLS, requestCert: true, rejectUnauthorized: false },
  );
  const tls = { trust: { type: 'authority', ca: postel.ca }, identity } as const;
  const outcome = await submit(to(server, { tls, credentials: null }), MAIL).catch((error: Error) => error.message);
  return { identity, outcome, ...(await server.result) };
}

test('a key alone logs in by EXTERNAL, or without a word where that is not offered', async () => {
  const byExternal = await withKeyAlone(['AUTH PLAIN EXTERNAL'], async (session) =>
    session.takeMail(await session.ask('235 2.7.0 Ok')),
  );
  expect(byExternal).toMatchObject({ line: 'AUTH EXTERNAL =', outcome: { mechanism: 'EXTERNAL' } });
  expect(byExternal.shown).toMatchObject({ type: 'key', key: { fingerprint: byExternal.identity.fingerprint } });

  const withoutWord = await withKeyAlone(['AUTH PLAIN'], (session, line) => session.takeMail(line));
  expect(withoutWord).toMatchObject({ line: 'MAIL FROM:<mary@example.com>', outcome: { mechanism: null } });
});

test('a key that the server does not know is named', async () => {
  const unknown = await withKeyAlone(['AUTH PLAIN'], (session) => session.ask('530 5.7.0 Authentication required'));
  expect(unknown.outcome).toContain(unknown.identity.fingerprint);
});

test.for<[string, readonly string[], RegExp]>([
  ['another protocol', ['HTTP/1.1 400 Bad Request'], /does not speak SMTP/],
  ['a code that is none', ['999 hello'], /does not speak SMTP/],
  ['two codes in one reply', ['220-hello', '250 hello'], /does not speak SMTP/],
  ['a reply without end', Array.from({ length: 300 }, () => '220-hello'), /does not speak SMTP/],
  ['a line without end', ['2'.repeat(100_000)], /does not speak SMTP/],
  ['a greeting that sends us away', ['554 5.3.2 \x1b[2JGo away'], /takes no connections: 554 5\.3\.2 \?\[2JGo away/],
])('a server that says %s is left', async ([, lines, message]) => {
  await using server = await start((session) => session.ask(...lines));
  await expect(submit(to(server), MAIL)).rejects.toThrow(message);
  expect(await server.result).toBe('');
});

test('whether it may work later is for the server to say', async () => {
  const refusal = async (reply: string) => {
    await using server = await start(async (session) => {
      await greetUnderTls(session, 'AUTH PLAIN');
      return await session.ask(reply);
    });
    return await submit(to(server), MAIL).catch((error: unknown) => error);
  };
  expect(await refusal('454 4.7.0 Not now')).toMatchObject({ kind: 'login', isTemporary: true });
  expect(await refusal('535 5.7.8 Wrong')).toMatchObject({ kind: 'login', isTemporary: false });
});

/** MAIL and RCPT to a server with these extensions. */
async function envelopeFor(mail: Mail, ...offered: readonly string[]) {
  await using server = await start(async (session) => {
    await greetUnderTls(session, 'AUTH PLAIN', ...offered);
    const line = await session.ask('235 2.7.0 Ok');
    return [line, line === '' ? '' : await session.ask('250 2.1.0 Ok')];
  });
  const outcome = submit(to(server), mail).catch((error: unknown) => error);
  const envelope = await server.result;
  await server[Symbol.asyncDispose]();
  return { envelope, outcome: await outcome };
}

test('DSNs are asked for where the server sends them, and nowhere else', async () => {
  const status = { notify: 'SUCCESS,DELAY', returnContent: 'HDRS', envelopeId: 'a b+c' } as const;
  expect((await envelopeFor({ ...MAIL, status }, 'DSN')).envelope).toEqual([
    'MAIL FROM:<mary@example.com> RET=HDRS ENVID=a+20b+2Bc',
    'RCPT TO:<bob@example.org> NOTIFY=SUCCESS,DELAY',
  ]);
  expect((await envelopeFor({ ...MAIL, status })).envelope).toEqual([
    'MAIL FROM:<mary@example.com>',
    'RCPT TO:<bob@example.org>',
  ]);
});

test('a message that is to be held goes to a server that holds it so long, and to no other', async () => {
  const holdUntil = Date.parse('2126-11-22T18:30:00Z');
  const held = await envelopeFor({ ...MAIL, holdUntil }, 'FUTURERELEASE 999999999 2127-01-01T00:00:00Z');
  expect(held.envelope[0]).toBe('MAIL FROM:<mary@example.com> HOLDUNTIL=2126-11-22T18:30:00Z');
  const refusals = [
    ['it holds none', []],
    ['it holds none so long', ['FUTURERELEASE 86400 2026-12-01T00:00:00Z']],
  ] as const;
  for (const [, offered] of refusals) {
    const { envelope, outcome } = await envelopeFor({ ...MAIL, holdUntil }, ...offered);
    expect(envelope[0]).toBe('');
    expect(outcome).toMatchObject({ kind: 'message', isTemporary: false });
  }
  expect((await envelopeFor({ ...MAIL, holdUntil: Date.now() - 1_000 })).envelope[0]).toBe(
    'MAIL FROM:<mary@example.com>',
  );
});

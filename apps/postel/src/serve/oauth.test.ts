import { openDatabase } from '@postel/storage';
import { createTestDatabase, ImapClient, LineClient, type TestDatabase } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfiguredServer, HOST, HOSTNAME, urlOf } from '../testing/configured-server.ts';
import { TestIssuer } from '../testing/test-issuer.ts';

/** Of SMTP it knows where an answer ends. */
class SmtpClient extends LineClient {
  endsAnswer(line: string): boolean {
    return /^\d{3} /.test(line);
  }
}

let issuer: TestIssuer;
/** Its keys are never asked for before it is away. */
let away: TestIssuer;
let database: TestDatabase;
let server: ConfiguredServer;
beforeAll(async () => {
  issuer = await TestIssuer.start('ann@example.com', 'bob@example.com', 'cal@example.com', 'nobody@example.com');
  away = await TestIssuer.start('ann@example.com');
  database = await createTestDatabase();
  server = await ConfiguredServer.prepare({
    database: { url: urlOf(database.target) },
    login: { oauth: [issuer, away].map(({ issuer: url }) => ({ issuer: url, audience: 'postel', scope: 'mail' })) },
  });
  await server.start();
  for (const name of ['ann', 'bob', 'cal']) await server.addAccount(name);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  await away[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const tls = () => ({ ca: server.ca, servername: HOSTNAME });
const imap = () => ImapClient.connectTls(server.ports.imaps, tls());
const base64 = (text: string) => Buffer.from(text).toString('base64');
const oauthBearer = (token: string, user = '') =>
  base64(`n,${user === '' ? '' : `a=${user}`},\x01auth=Bearer ${token}\x01\x01`);
const xoauth2 = (token: string, user: string) => base64(`user=${user}\x01auth=Bearer ${token}\x01\x01`);

function imapFlow(auth: { readonly user: string; readonly accessToken: string }): ImapFlow {
  const client = new ImapFlow({
    host: HOST,
    servername: HOSTNAME,
    port: server.ports.imaps,
    secure: true,
    auth,
    tls: { ca: server.ca },
    logger: false,
  });
  client.on('error', () => {});
  return client;
}

async function submit(user: string, accessToken: string): Promise<string> {
  const transport = createTransport({
    host: HOST,
    port: server.ports.submission,
    requireTLS: true,
    tls: { ca: server.ca, servername: HOSTNAME },
    auth: { type: 'OAuth2', user, accessToken },
  });
  try {
    const { response } = await transport.sendMail({ from: 'ann@example.com', to: 'bob@example.com', text: 'hello' });
    return response ?? '';
  } finally {
    transport.close();
  }
}

test('imapflow logs in by OAUTHBEARER, with a token of a provider that has never heard of Postel', async () => {
  const client = imapFlow({ user: 'ann@example.com', accessToken: await issuer.token('ann@example.com') });
  await client.connect();
  expect((await client.mailboxOpen('INBOX')).path).toBe('INBOX');
  await client.logout();
});

test('nodemailer submits mail by XOAUTH2', async () => {
  expect(await submit('ann@example.com', await issuer.token('ann@example.com'))).toMatch(/^250 2\.0\.0/);
  await expect(submit('ann@example.com', await issuer.token('bob@example.com'))).rejects.toThrow(/535 5\.7\.8/);
});

test('config check fetches the keys, and says what is wrong with the issuer', async () => {
  expect(await server.postel('config check')).toEqual({ code: 0, stdout: `OK: ${server.file}\n`, stderr: '' });
  const wrong = { issuer: `${issuer.issuer}/`, audience: 'postel' };
  await using other = await ConfiguredServer.prepare({ login: { oauth: [wrong] } });
  const { code, stderr } = await other.postel('config check');
  expect(code).toBe(1);
  expect(stderr).toContain(`The tokens of ${issuer.issuer}/ cannot be checked`);
  expect(stderr).toContain(`is of another issuer than ${issuer.issuer}/.`);
});

test('both mechanisms are announced under TLS, and not without', async () => {
  await using secure = await imap();
  expect(await secure.line()).toMatch(/ AUTH=OAUTHBEARER AUTH=XOAUTH2 /);
  await using clear = await ImapClient.connect(server.ports.imap);
  expect(await clear.line()).not.toMatch(/OAUTH/);
  const { tagged } = await clear.command(
    `AUTHENTICATE OAUTHBEARER ${oauthBearer(await issuer.token('ann@example.com'))}`,
  );
  expect(tagged).toMatch(/^NO \[PRIVACYREQUIRED\]/);
});

test('a token logs its owner in, whether the client names them or not', async () => {
  const token = await issuer.token('ann@example.com');
  for (const user of ['', 'ann', 'ann@example.com', 'ANN@EXAMPLE.COM']) {
    await using client = await imap();
    await client.dialogue`
      S: * OK ...
      C: a1 AUTHENTICATE OAUTHBEARER ${oauthBearer(token, user)}
      S: a1 OK ...
    `;
  }
});

test('RFC 7628 §4.3: who asks without a token learns the scope and the issuer', async () => {
  await using client = await imap();
  const { json = '' } = await client.dialogue`
    S: * OK ...
    C: a1 AUTHENTICATE OAUTHBEARER ${base64('n,,\x01auth=\x01\x01')}
    S: + {json}
    C: AQ==
    S: a1 NO [AUTHENTICATIONFAILED] ...
  `;
  expect(JSON.parse(Buffer.from(json, 'base64').toString())).toEqual({
    status: 'invalid_token',
    scope: 'mail',
    'openid-configuration': `${issuer.issuer}/.well-known/openid-configuration`,
  });
});

test('hardening 22: over IMAP a token that is not right is refused in JSON, and the log says why', async () => {
  const token = await issuer.token('ann@example.com');
  const [header = '', claims = '', signature = ''] = token.split('.');
  const none = base64(JSON.stringify({ alg: 'none' })).replaceAll('=', '');
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), email: 'bob@example.com' }),
  );
  const wrong = [
    [`${none}.${claims}.${signature}`, '', 'invalid_token', 'algorithm'],
    [`${header}.${forged.toString('base64url')}.${signature}`, '', 'invalid_token', 'signature'],
    ['garbage', '', 'invalid_token', 'malformed'],
    [await issuer.token('ann@example.com', 'calendar'), '', 'insufficient_scope', 'scope'],
    [await issuer.token('nobody@example.com'), '', 'invalid_token', 'no account has the address'],
    [token, 'bob', 'invalid_token', 'of another account'],
  ] as const;
  const start = server.process.output.length;
  for (const [bad, user, status] of wrong) {
    await using client = await imap();
    const { json = '' } = await client.dialogue`
      S: * OK ...
      C: a1 AUTHENTICATE OAUTHBEARER ${oauthBearer(bad, user)}
      S: + {json}
      C: AQ==
      S: a1 NO [AUTHENTICATIONFAILED] ...
    `;
    expect(JSON.parse(Buffer.from(json, 'base64').toString())).toMatchObject({ status });
  }
  await server.process.printed(new RegExp(`^[^]{${start},}"fault":"of another account"`));
  const logged = server.process.output.slice(start).matchAll(/"fault":"([^"]*)"/g);
  expect([...logged].map(([, fault]) => fault)).toEqual(wrong.map(([, , , fault]) => fault));
  expect(server.process.output).not.toContain(signature);
});

test('hardening 22: over SMTP it is refused in JSON too', async () => {
  await using client = await SmtpClient.connectTls(server.ports.submissions, tls());
  const { json = '' } = await client.dialogue`
    S: 220 ...
    C: EHLO client.example
    S: ...
    S: 250 AUTH {mechanisms}
    C: AUTH XOAUTH2 ${xoauth2('garbage', 'ann')}
    S: 334 {json}
    C:
    S: 535 5.7.8 ...
    C: AUTH OAUTHBEARER ${oauthBearer(await issuer.token('ann@example.com'))}
    S: 235 2.7.0 ...
  `;
  expect(JSON.parse(Buffer.from(json, 'base64').toString())).toEqual({
    status: '400',
    schemes: 'bearer',
    scope: 'mail',
  });
});

test('a disabled account hears what an unknown one does', async () => {
  const token = await issuer.token('cal@example.com');
  const { sql, close } = openDatabase(database.target, { applicationName: 'oauth test', maxConnections: 1 });
  await sql`update accounts set is_disabled = true where name = 'cal'`;
  await close();
  const hear = async (bad: string) => {
    await using client = await imap();
    return await client.dialogue`
      S: * OK ...
      C: a1 AUTHENTICATE OAUTHBEARER ${oauthBearer(bad)}
      S: + {json}
      C: AQ==
      S: a1 NO [AUTHENTICATIONFAILED] {text} {connection}
    `;
  };
  const { json, text } = await hear(token);
  expect(await hear('garbage')).toMatchObject({ json, text });
});

test('a provider that is away makes no token wrong, and no other provider slow', async () => {
  const token = await away.token('ann@example.com');
  away.goAway();
  await using client = await imap();
  await client.dialogue`
    S: * OK ...
    C: a1 AUTHENTICATE OAUTHBEARER ${oauthBearer(token)}
    S: a1 NO [UNAVAILABLE] ...
    C: a2 AUTHENTICATE OAUTHBEARER ${oauthBearer(await issuer.token('ann@example.com'))}
    S: a2 OK ...
  `;
  await using submission = await SmtpClient.connectTls(server.ports.submissions, tls());
  await submission.dialogue`
    S: 220 ...
    C: EHLO client.example
    S: ...
    S: 250 AUTH {mechanisms}
    C: AUTH OAUTHBEARER ${oauthBearer(token)}
    S: 454 4.7.0 ...
  `;
});

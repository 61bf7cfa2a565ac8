import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientCertificate, MailProgram, makeClientCertificate, requirePrograms } from '@postel/testkit';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfiguredServer, HOST, HOSTNAME } from '../testing/configured-server.ts';

/** Programs of others log in by every mechanism that both they and Postel know, over IMAP and submission. */

let server: ConfiguredServer;
let certificate: ClientCertificate;
/** One that CRAM-MD5 and DIGEST-MD5 may use, and all others too. */
let appPassword: string;
const ann = { name: 'ann', address: 'ann@example.com', password: 'correct horse' };

beforeAll(async () => {
  // Programs verify the name that they connect to.
  server = await ConfiguredServer.prepare({
    hostname: 'localhost',
    login: { anonymousAccount: 'guest', trustedNetworks: ['127.0.0.1/32'] },
  });
  await server.writeCertificate('cert', ['localhost', HOSTNAME]);
  await server.start();
  for (const name of ['ann', 'guest']) await server.addAccount(name);
  const added = await server.postel('config account apppassword add ann old --legacy-mechanisms');
  appPassword = /([a-z0-9]{5}-){4}[a-z0-9]{5}/.exec(added.stdout)?.[0] ?? '';
  certificate = await makeClientCertificate();
  const { code, stderr } = await server.postel(`config tlspubkey add ${ann.address}`, certificate.cert);
  if (appPassword === '' || code !== 0) throw new Error(`${added.stderr}${stderr}`);
});
afterAll(() => server[Symbol.asyncDispose]());

function startProgram() {
  const home = new MailProgram(server, ann);
  const ca = home.write('ca.pem', server.ca);
  const certFile = home.write('cert.pem', certificate.cert);
  const keyFile = home.write('key.pem', certificate.key);
  return Object.assign(home, { ca, certFile, keyFile });
}

/** Not in PATH. */
const CYRUS_PROGRAMS = '/usr/lib/cyrus/bin';

function requireCyrusPrograms(skip: (why: string) => void): void {
  if (!existsSync(`${CYRUS_PROGRAMS}/imtest`)) skip('imtest and smtptest (cyrus-clients) not installed');
  requireSaslPlugins(skip);
}

/** Cyrus SASL finds its mechanisms when a program asks for them. */
function requireSaslPlugins(skip: (why: string) => void): void {
  requirePrograms(skip, 'saslpluginviewer');
  const { stdout } = spawnSync('saslpluginviewer', ['-c'], { encoding: 'utf8' });
  if (!stdout.includes('SCRAM-SHA-256')) skip('libsasl2-modules not installed');
}

function requirePerlModule(skip: (why: string) => void, name: string): void {
  if (spawnSync('perl', [`-M${name}`, '-e', '1']).status !== 0) skip(`Perl module ${name} not installed`);
}

const WITH_PASSWORD = ['PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'CRAM-MD5', 'DIGEST-MD5'];
const PLUS = ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256-PLUS'];
const onBoth = (mechanisms: readonly string[]) =>
  mechanisms.flatMap((mechanism) => (['imap', 'smtp'] as const).map((service) => [service, mechanism] as const));
const portOf = (service: 'imap' | 'smtp') => (service === 'imap' ? server.ports.imap : server.ports.submission);
const LOGGED_IN = { imap: /^\. OK .*Logged in/m, smtp: /^235 2\.7\.0 /m };
const REFUSED = { imap: /^\. NO \[AUTHENTICATIONFAILED\]/m, smtp: /^535 5\.7\.8 /m };

/** What gsasl prints of a login after STARTTLS. */
async function gsasl(service: 'imap' | 'smtp', mechanism: string, ...args: readonly string[]): Promise<string> {
  using home = startProgram();
  return await home
    .run(
      'gsasl',
      ...[`--${service}`, '--starttls', '--connect', `localhost:${portOf(service)}`, '--x509-ca-file', home.ca],
      ...['--mechanism', mechanism, '--authentication-id', ann.name, '--realm', 'localhost'],
      // Where it knows what to bind to, it refuses to do without.
      ...(mechanism.endsWith('-PLUS') ? [] : ['--no-cb']),
      ...['--quality-of-protection', 'qop-auth', ...args],
    )
    .catch((error: Error) => error.message);
}

test.for(onBoth([...WITH_PASSWORD, ...PLUS]))(
  'gsasl: %s, %s, and not with a wrong password',
  async (pair, { skip }) => {
    requirePrograms(skip, 'gsasl');
    const [service, mechanism] = pair;
    expect(await gsasl(service, mechanism, '--password', appPassword)).toMatch(LOGGED_IN[service]);
    expect(await gsasl(service, mechanism, '--password', 'wrong horse')).toMatch(REFUSED[service]);
  },
);

test.for([
  ['tls-exporter of TLS 1.3', 'NORMAL', /^p=tls-exporter,,/],
  ['tls-unique of TLS 1.2', 'NORMAL:-VERS-TLS1.3', /^p=tls-unique,,/],
] as const)('gsasl: SCRAM-SHA-256-PLUS binds %s', async ([, priority, binding], { skip }) => {
  requirePrograms(skip, 'gsasl');
  for (const service of ['imap', 'smtp'] as const) {
    const said = await gsasl(service, 'SCRAM-SHA-256-PLUS', '--password', ann.password, '--priority', priority);
    const clientFirst = /^cD10bHMt.*$/m.exec(said)?.[0] ?? '';
    expect(Buffer.from(clientFirst, 'base64').toString()).toMatch(binding);
    expect(said).toMatch(LOGGED_IN[service]);
  }
});

test.for(['imap', 'smtp'] as const)(
  'gsasl: %s, EXTERNAL with a certificate, and not without',
  async (service, { skip }) => {
    requirePrograms(skip, 'gsasl');
    using home = startProgram();
    const files = ['--x509-cert-file', home.certFile, '--x509-key-file', home.keyFile];
    expect(await gsasl(service, 'EXTERNAL', '--authorization-id', ann.address, ...files)).toMatch(LOGGED_IN[service]);
    expect(await gsasl(service, 'EXTERNAL', '--authorization-id', 'guest', ...files)).not.toMatch(LOGGED_IN[service]);
    expect(await gsasl(service, 'EXTERNAL', '--authorization-id', ann.address)).not.toMatch(LOGGED_IN[service]);
  },
);

test.for(['imap', 'smtp'] as const)('gsasl: %s, ANONYMOUS', async (service, { skip }) => {
  requirePrograms(skip, 'gsasl');
  expect(await gsasl(service, 'ANONYMOUS', '--anonymous-token', 'sirhc')).toMatch(LOGGED_IN[service]);
});

/** Those of swaks; SCRAM it does not know. */
test.for(['PLAIN', 'LOGIN', 'CRAM-MD5', 'DIGEST-MD5'])(
  'swaks: %s, and not with a wrong password',
  async (mechanism, { skip }) => {
    requirePrograms(skip, 'swaks', 'perl');
    if (mechanism === 'DIGEST-MD5') requirePerlModule(skip, 'Authen::SASL::Perl::DIGEST_MD5');
    using home = startProgram();
    const swaks = (password: string) =>
      home
        .run(
          'swaks',
          ...['--server', 'localhost', '--port', `${server.ports.submission}`],
          ...['--tls', '--tls-verify', '--tls-ca-path', home.ca, '--auth', mechanism, '--auth-user', ann.name],
          ...['--auth-password', password, '--from', ann.address, '--to', ann.address, '--quit-after', 'AUTH'],
        )
        .catch((error: Error) => error.message);
    expect(await swaks(appPassword)).toMatch(/^<~ {2}235 2\.7\.0 /m);
    expect(await swaks('wrong horse')).toMatch(/^<~\* 535 5\.7\.8 /m);
  },
);

/** Cyrus SASL, as its own test programs use it. */
test.for(onBoth(WITH_PASSWORD))('Cyrus SASL: %s, %s, and not with a wrong password', async (pair, { skip }) => {
  requireCyrusPrograms(skip);
  const [service, mechanism] = pair;
  using home = startProgram();
  const logIn = (password: string) =>
    home
      .run(
        `${CYRUS_PROGRAMS}/${service === 'imap' ? 'imtest' : 'smtptest'}`,
        ...['-m', mechanism, '-a', ann.name, '-u', ann.name, '-w', password, '-r', 'localhost', '-t', ''],
        ...['-p', `${portOf(service)}`, 'localhost'],
      )
      .catch((error: Error) => error.message);
  expect(await logIn(appPassword)).toMatch(/^Authenticated\.\nSecurity strength factor: (128|256)$/m);
  expect(await logIn('wrong horse')).toMatch(/^Authentication failed/m);
});

test('mbsync: SCRAM-SHA-256 and SCRAM-SHA-1 of Cyrus SASL', async ({ skip }) => {
  requirePrograms(skip, 'mbsync');
  requireSaslPlugins(skip);
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1']) {
    using home = startProgram();
    const account = [
      ...['IMAPAccount postel', 'Host localhost', `Port ${server.ports.imap}`, `User ${ann.name}`],
      ...[`Pass "${ann.password}"`, `AuthMechs ${mechanism}`, 'SSLType STARTTLS', 'SystemCertificates no'],
      ...[`CertificateFile ${home.ca}`, '', 'IMAPStore far', 'Account postel', ''],
      ...['MaildirStore near', `Path ${home.home}/`, `Inbox ${home.home}/INBOX`, ''],
      ...['Channel all', 'Far :far:', 'Near :near:', 'Create Near', ''],
    ];
    const rc = home.write('mbsyncrc', account.join('\n'));
    expect(await home.run('mbsync', '-V', '-D', '-c', rc, '-a')).toContain(`AUTHENTICATE ${mechanism}`);
  }
});

/** Debian's neomutt takes no SCRAM in its list. */
test('mutt: SCRAM-SHA-256', async ({ skip }) => {
  requirePrograms(skip, 'mutt', 'script');
  requireSaslPlugins(skip);
  using home = startProgram();
  const settings = [
    ...[`set spoolfile = "imaps://localhost:${server.ports.imaps}/INBOX"`, `set imap_user = "${ann.name}"`],
    ...[`set imap_pass = "${ann.password}"`, `set ssl_ca_certificates_file = "${home.ca}"`, 'set quit = yes'],
    ...[`set folder = "imaps://localhost:${server.ports.imaps}/"`, 'set imap_authenticators = "scram-sha-256"'],
    ...['set wait_key = no', 'set move = no', 'set confirmcreate = no', ''],
  ];
  const rc = home.write('muttrc', settings.join('\n'));
  await home.runInTerminal('mutt', '-d', '2', '-n', '-F', rc, '-e', 'push "<quit>"');
  const log = readFileSync(join(home.home, '.muttdebug0'), 'utf8');
  expect(log).toMatch(/> a\d+ AUTHENTICATE SCRAM-SHA-256/);
  expect(log).toMatch(/< a\d+ OK [\s\S]*Logged in$/m);
});

test.for(['scram-sha-256', 'scram-sha-1', 'plain', 'login', 'cram-md5', 'digest-md5'])(
  'msmtp: %s',
  async (mechanism, { skip }) => {
    requirePrograms(skip, 'msmtp');
    using home = startProgram();
    const args = [
      ...['--host=localhost', `--port=${server.ports.submission}`, '--tls=on', '--tls-starttls=on'],
      ...[`--tls-trust-file=${home.ca}`, `--auth=${mechanism}`, `--user=${ann.name}`],
      ...[`--passwordeval=echo ${appPassword}`, `--from=${ann.address}`, '--debug', ann.address],
    ];
    expect(await home.run('msmtp', ...args)).toMatch(/^<-- 235 2\.7\.0 /m);
  },
);

test('curl: EXTERNAL with a certificate', async ({ skip }) => {
  requirePrograms(skip, 'curl');
  using home = startProgram();
  const curl = (...args: readonly string[]) =>
    home.run(
      'curl',
      ...['-sSv', '--ssl-reqd', '--cacert', home.ca, '--cert', home.certFile, '--key', home.keyFile],
      ...['--login-options', 'AUTH=EXTERNAL', ...args],
    );
  const imap = `imap://ann%40example.com@localhost:${server.ports.imap}`;
  const said = await curl(imap);
  expect(said).toMatch(/^> \w+ AUTHENTICATE EXTERNAL/m);
  expect(said).toMatch(/^\* LIST \(.*\) "\/" INBOX/m);
});

test.for(['AUTH=PLAIN', 'AUTH=LOGIN', 'LOGIN'] as const)('imapflow: %s', async (loginMethod) => {
  const client = new ImapFlow({
    host: HOST,
    servername: HOSTNAME,
    port: server.ports.imaps,
    secure: true,
    auth: { user: ann.address, pass: ann.password, loginMethod },
    tls: { ca: server.ca },
    logger: false,
  });
  await client.connect();
  expect((await client.mailboxOpen('INBOX')).path).toBe('INBOX');
  await client.logout();
});

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MailProgram, requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { makeKeyFiles } from './make-key-files.ts';

// What docs/client-keys.md says was tried.

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');
const PASSWORD = 'kk2ff-9pqrs-tuvwx-yz345';

const postel = sharedPostel();

interface KeyOptions {
  readonly type?: 'p256' | 'ed25519';
  readonly imap?: 'preauth' | 'external';
}

/** An account with a key and no password that the program knows, and the key's files in the program's home. */
async function withKey({ type = 'p256', imap = 'preauth' }: KeyOptions = {}) {
  const account = await postel.addAccount();
  const program = new MailProgram(postel, account);
  const options = { type, format: 'modern', password: PASSWORD } as const;
  const { files, key } = await makeKeyFiles(join(program.home, account.name), options);
  const flags = imap === 'preauth' ? [] : ['--no-imap-preauth'];
  await config(['add', account.address, '--name', 'test', ...flags], readFileSync(files.certificate));
  return { program, account, files, key, [Symbol.dispose]: () => program[Symbol.dispose]() };
}

function config(args: readonly string[], input: Buffer | string = '') {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const line = [LAUNCHER, '--data', postel.dataDirectory, 'config', 'tlspubkey', ...args];
  const child = execFile(process.execPath, line, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  child.stdin?.end(input);
  return promise;
}

type WithKey = Awaited<ReturnType<typeof withKey>>;

/** Sends a message to oneself by the key alone. */
function sendByCurl({ program, account, files }: WithKey, url: string): Promise<string> {
  const message = program.write('message', `From: ${account.address}\r\nSubject: by curl\r\n\r\nHello\r\n`);
  const envelope = ['--mail-from', account.address, '--mail-rcpt', account.address, '--upload-file', message];
  return program.run('curl', ...curlArguments(program, files.both), '--url', url, ...envelope);
}

const curlArguments = ({ caFile }: MailProgram, pem: string) =>
  ['--silent', '--show-error', '--ssl-reqd', '--cacert', caFile, '--cert', pem] as const;

test.for(['tls1.3', 'tls1.2'])(
  'NSS imports the key that gen makes, and is greeted with PREAUTH, with %s',
  async (tls, { skip }) => {
    requirePrograms(skip, 'certutil', 'pk12util', 'tstclnt');
    using mary = await withKey();
    const { program, account, files, key } = mary;
    program.write('db/.keep', '');
    await program.run('certutil', '-N', '-d', 'sql:db', '--empty-password');
    await program.run('certutil', '-A', '-n', 'authority', '-t', 'C,,', '-i', program.caFile, '-d', 'sql:db');
    const imported = await program.run('pk12util', '-i', files.pkcs12, '-d', 'sql:db', '-W', PASSWORD);
    expect(imported).toContain('PKCS12 IMPORT SUCCESSFUL');

    const commands = program.write('commands', 'a LOGOUT\r\n');
    const host = ['-4', '-h', 'localhost', '-p', `${postel.ports.imaps}`, '-V', `${tls}:${tls}`];
    const connect = () => program.run('tstclnt', ...host, '-d', 'sql:db', '-n', account.name, '-A', commands);
    expect(await connect()).toMatch(/^\* PREAUTH .*^a OK/ms);

    await config(['rm', `sha256:${key.fingerprint}`, '--yes']);
    expect(await connect()).toMatch(/^\* OK .*^a OK/ms);
  },
);

test.for([[{ type: 'p256', imap: 'preauth' }], [{ type: 'ed25519', imap: 'external' }]] as const)(
  'curl sends and reads by key: %j',
  async ([options], { skip }) => {
    requirePrograms(skip, 'curl');
    using mary = await withKey(options);
    const { program, account, files } = mary;
    await sendByCurl(mary, `smtps://localhost:${postel.ports.submissions}`);
    await sendByCurl(mary, `smtp://localhost:${postel.ports.submission}`);
    const external = ['--login-options', 'AUTH=EXTERNAL', '--user', `${account.name}:`];
    const read = (url: string, ...login: readonly string[]) =>
      program.run('curl', ...curlArguments(program, files.both), ...login, `${url}/INBOX;MAILINDEX=1`);
    const implicit = `imaps://localhost:${postel.ports.imaps}`;
    expect(await read(implicit, ...(options.imap === 'external' ? external : []))).toContain('Subject: by curl');
    expect(await read(`imap://localhost:${postel.ports.imap}`, ...external)).toContain('Subject: by curl');
  },
);

test.for([
  [{ type: 'p256', imap: 'preauth' }],
  [{ type: 'ed25519', imap: 'preauth' }],
  [{ type: 'p256', imap: 'external' }],
] as const)('mbsync reads by key: %j', async ([options], { skip }) => {
  requirePrograms(skip, 'curl', 'mbsync');
  using mary = await withKey(options);
  const { program, account, files } = mary;
  await sendByCurl(mary, `smtps://localhost:${postel.ports.submissions}`);
  const rc = program.write(
    'mbsyncrc',
    `IMAPStore far
Host localhost
Port ${postel.ports.imaps}
User ${account.name}
SSLType IMAPS
SystemCertificates no
CertificateFile ${program.caFile}
ClientCertificate ${files.certificate}
ClientKey ${files.key}
${options.imap === 'external' ? 'AuthMechs EXTERNAL' : '#'}

MaildirStore near
Inbox ${program.home}/inbox

Channel inbox
Far :far:
Near :near:
Patterns INBOX
SyncState *
`,
  );
  await program.run('mbsync', '-c', rc, '-a');
  expect(readdirSync(join(program.home, 'inbox/new'))).toHaveLength(1);
});

test.for([
  ['mutt', { type: 'p256', imap: 'preauth' }],
  ['mutt', { type: 'ed25519', imap: 'external' }],
  ['neomutt', { type: 'ed25519', imap: 'preauth' }], // it knows no EXTERNAL
] as const)('%s sends and reads by key: %j', async ([mutt, options], { skip }) => {
  requirePrograms(skip, mutt, 'script');
  using mary = await withKey(options);
  const { program, account, files } = mary;
  const rc = program.write(
    'muttrc',
    `set ssl_client_cert = "${files.both}"
set ssl_ca_certificates_file = "${program.caFile}"
set folder = "imaps://localhost:${postel.ports.imaps}/"
set spoolfile = "+INBOX"
set imap_user = "${account.name}"
set smtp_url = "smtps://localhost:${postel.ports.submissions}/"
set from = "${account.address}"
${mutt === 'mutt' ? 'set smtp_authenticators = "external"' : ''}
${options.imap === 'external' ? 'set imap_authenticators = "external"' : ''}
set copy = no
set quit = yes
set wait_key = no
set confirmappend = no
set confirmcreate = no
`,
  );
  const body = program.write('body', 'Hello\n');
  await program.run('sh', '-c', `${mutt} -n -F ${rc} -s "by ${mutt}" ${account.address} <${body}`);
  const copied = join(program.home, 'copied');
  const keys = `push "<copy-message>${copied}<enter><quit>"`;
  await program.runInTerminal(mutt, '-n', '-F', rc, '-e', keys);
  expect(readFileSync(copied, 'utf8')).toContain(`Subject: by ${mutt}`);
});

test.for(['preauth', 'external'] as const)('fetchmail reads by key: %s', async (imap, { skip }) => {
  requirePrograms(skip, 'curl', 'fetchmail');
  using mary = await withKey({ imap });
  const { program, account, files } = mary;
  await sendByCurl(mary, `smtps://localhost:${postel.ports.submissions}`);
  const keys = `sslcert "${files.certificate}" sslkey "${files.key}"`;
  const rc = program.write(
    'fetchmailrc',
    `poll localhost service ${postel.ports.imaps} protocol IMAP auth external
user "${account.name}" ssl sslproto "tls1.2+" sslcertck sslcertfile "${program.caFile}" ${keys}
mda "cat >>${program.home}/fetched" keep
`,
  );
  await program.run('fetchmail', '-f', rc, '--nosyslog', '--nodetach', '--pidfile', join(program.home, 'pid'));
  expect(readFileSync(join(program.home, 'fetched'), 'utf8')).toContain('Subject: by curl');
});

test.for(['STARTTLS', 'TLS'])('swaks sends by key, with %s', async (how, { skip }) => {
  requirePrograms(skip, 'swaks');
  using mary = await withKey({ type: 'ed25519' });
  const { program, account, files } = mary;
  const { submission, submissions } = postel.ports;
  const to =
    how === 'STARTTLS'
      ? ['--server', `localhost:${submission}`, '-tls']
      : ['--server', `localhost:${submissions}`, '--tls-on-connect'];
  const keys = ['--tls-cert', files.certificate, '--tls-key', files.key, '--tls-ca-path', program.caFile];
  const said = await program.run('swaks', ...to, ...keys, '--from', account.address, '--to', account.address);
  expect(said).toMatch(/<~ +250 2\.\d\.\d [^\n]*\n ~> QUIT/);
});

test.for([
  ['key and certificate', 'p256', 'both'],
  ['just an Ed25519 key', 'ed25519', 'key'],
] as const)('postel sendmail sends by key: %s', async ([, type, file], { skip }) => {
  requirePrograms(skip, 'curl');
  using mary = await withKey({ type });
  const { program, account, files } = mary;
  const message = program.write('message', 'Subject: by sendmail\n\nHello\n');
  const host = `--host localhost --port ${postel.ports.submissions} --ca-file ${program.caFile} --key-file ${files[file]}`;
  const postelSendmail = `"${process.execPath}" ${LAUNCHER} sendmail ${host} -f ${account.address}`;
  await program.run('sh', '-c', `${postelSendmail} ${account.address} <${message}`);
  const inbox = `imaps://localhost:${postel.ports.imaps}/INBOX;MAILINDEX=1`;
  expect(await program.run('curl', ...curlArguments(program, files.both), inbox)).toContain('Subject: by sendmail');
});

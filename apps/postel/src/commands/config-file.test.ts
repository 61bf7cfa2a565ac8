import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FaultProxy, startObjectStore } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfiguredServer, certificateFiles, HOSTNAME, runPostel } from '../testing/configured-server.ts';

let server: ConfiguredServer;
beforeAll(async () => {
  server = await ConfiguredServer.prepare();
});
afterAll(() => server[Symbol.asyncDispose]());

test('a good file is OK, and found in the current directory', async () => {
  server.configure();
  const outcome = await runPostel(['config', 'check'], server.directory);
  expect(outcome).toEqual({ code: 0, stdout: `OK: ${server.file}\n`, stderr: '' });
});

test('a certificate that is for another host is OK, with a warning', async () => {
  await server.writeCertificate('elsewhere', ['elsewhere.example']);
  server.configure({ tls: { certificates: [certificateFiles('elsewhere')] } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(0);
  expect(stderr).toContain(`no certificate is for ${HOSTNAME}`);
});

test('every problem has its line, and exit code 1', async () => {
  writeFileSync(server.file, 'hostname: 7\nimap:\n  processes: many\n  colour: red\n');
  expect(await server.postel('config check')).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^postel: .*:1: hostname .*\n.*:1: tls\.certificates .*\n.*:3: imap\.processes .*\n.*:4: imap\.colour/,
    ),
  });
});

test.for([
  ['*', true],
  ['0.0.0.0', true],
  ['192.0.2.1', true],
  ['2001:db8::1', true],
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['::1', false],
  ['fd00::1', false],
] as const)('LMTP at %s is OK, with a warning: %s', async ([address, isWarned]) => {
  server.configure({ smtp: { lmtp: { addresses: [address], port: server.ports.other } } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(0);
  expect(/LMTP listens at .*unchecked/.test(stderr)).toBe(isWarned);
});

test('ANONYMOUS and access tokens whose mechanisms are left out are OK, with a warning each', async () => {
  const login = { mechanisms: ['PLAIN'], anonymousAccount: 'guest' };
  server.configure({ login });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(0);
  expect(stderr).toContain('login.anonymousAccount lets nobody in, for login.mechanisms leaves out ANONYMOUS');
  server.configure({ login: { ...login, mechanisms: ['ANONYMOUS'] } });
  expect((await server.postel('config check')).stderr).not.toContain('lets nobody in');
  server.configure({ login: { mechanisms: ['PLAIN'], oauth: [{ issuer: 'http://127.0.0.1:9', audience: 'postel' }] } });
  expect((await server.postel('config check')).stderr).toContain('login.oauth lets nobody in');
});

test.for([
  ['postgres://u:p@db.example.com/postel', true],
  ['postgres://u:p@192.0.2.1:6432/postel?sslmode=require', true],
  ['postgres://u:p@db.example.com/postel?sslmode=verify-full', false],
  ['postgres://u:p@localhost:6432/postel', false],
  ['postgres://u@localhost/postel?host=%2Frun%2Fpostgresql', false],
] as const)('a database at %s is OK, with a warning: %s', async ([url, isWarned]) => {
  server.configure({ database: { url } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(0);
  expect(stderr.includes('without sslmode=verify-full')).toBe(isWarned);
});

test('a key with a passphrase is an error', async () => {
  const key = createPrivateKey(readFileSync(join(server.directory, 'cert-key.pem')));
  const locked = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' });
  writeFileSync(join(server.directory, 'locked-key.pem'), locked);
  server.configure({ tls: { certificates: [{ certFile: 'cert.pem', keyFile: 'locked-key.pem' }] } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(1);
  expect(stderr).toMatch(/locked-key\.pem has a passphrase/);
});

test.for([
  ['a key of another certificate', ['cert.pem', 'elsewhere-key.pem'], /does not belong to the certificate in/],
  ['a certificate that is none', ['cert-key.pem', 'cert-key.pem'], /holds no certificate in PEM/],
  ['a key that is none', ['cert.pem', 'cert.pem'], /holds no private key in PEM/],
  ['a file that is not there', ['cert.pem', 'none.pem'], /Cannot read .*none\.pem/],
] as const)('%s is an error', async ([, [certFile, keyFile], message]) => {
  await server.writeCertificate('elsewhere', ['elsewhere.example']);
  server.configure({ tls: { certificates: [{ certFile, keyFile }] } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

test('the template is printed, and is a configuration but for its certificate', async () => {
  const { code, stdout } = await runPostel(['config', 'example'], server.directory);
  expect(code).toBe(0);
  writeFileSync(server.file, stdout);
  const { stderr } = await server.postel('config check');
  expect(stderr).toMatch(/^postel: Cannot read \/etc\/letsencrypt\/live\/mail\.example\.com\/fullchain\.pem/);
});

test('without a file every command that needs one says what to do', async () => {
  const elsewhere = join(server.directory, '..');
  for (const command of [['config', 'check'], ['serve']]) {
    const { code, stderr } = await runPostel(command, elsewhere);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no configuration file: neither postel\.yaml nor .*config example/);
  }
});

test.for(['serve webmail', 'serve imap smtp', 'serve --data /x', 'config check x'])(
  '"%s" is no command line',
  async (line) => {
    expect(await runPostel(line.split(' '), server.directory)).toMatchObject({ code: 2 });
  },
);

test('a bucket is tried, and nothing is left in it', async () => {
  await using objects = await startObjectStore();
  server.configure({ blobs: { s3: objects.settings() } });
  expect(await server.postel('config check')).toEqual({ code: 0, stdout: `OK: ${server.file}\n`, stderr: '' });
  expect(objects.requests.length).toBeGreaterThan(5);
  expect(objects.objects.size).toBe(0);

  server.configure({ blobs: { s3: { ...objects.settings(), secretAccessKey: 'planted-canary' } } });
  const refused = await server.postel('config check');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/The bucket mail at http:.* cannot be used: .* 403 SignatureDoesNotMatch/);
  expect(refused.stderr).not.toContain('planted-canary');

  server.configure({ blobs: { s3: { ...objects.settings(), bucket: 'other' } } });
  expect((await server.postel('config check')).stderr).toContain('404 NoSuchBucket');

  server.configure({ blobs: { s3: { ...objects.settings(), endpoint: `http://127.0.0.1:${server.ports.other}` } } });
  expect((await server.postel('config check')).stderr).toMatch(
    /cannot be used: The object store does not answer \(PUT [^()]*\): connect ECONNREFUSED/,
  );
});

test('a key that may not list is an error', async () => {
  await using objects = await startObjectStore();
  await using proxy = await FaultProxy.start(objects.endpoint);
  proxy.fault = ({ url }) => (url.includes('list-type') ? { type: 'status', status: 403 } : null);
  server.configure({ blobs: { s3: objects.settings(proxy.endpoint) } });
  const { code, stderr } = await server.postel('config check');
  expect(code).toBe(1);
  expect(stderr).toContain('answered 403');
});

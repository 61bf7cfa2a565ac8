import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type OwnPostel, requirePrograms, startPostel, TemporaryDirectory } from '@postel/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';

const LAUNCHER = join(import.meta.dirname, '../../../../bin/postel.mjs');
const FINGERPRINT = /sha256:[\w-]{43}/;

let postel: OwnPostel;
let files: TemporaryDirectory;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  files = new TemporaryDirectory();
});
afterAll(async () => {
  files[Symbol.dispose]();
  await postel[Symbol.asyncDispose]();
});

describe('gen', () => {
  test.for([
    ['p256', 'ecdsa-p256', 'gen laptop'],
    ['ed25519', 'ed25519', 'gen phone --type ed25519'],
  ] as const)(
    'makes a key of type %s, its certificate, both in one file, and PKCS#12',
    async ([, type, line], { skip }) => {
      requirePrograms(skip, 'openssl');
      const made = await config(line);
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(made.stdout).toMatch(new RegExp(`^Made an ${type} key sha256:[\\w-]{43}:$`, 'm'));
      const stem = line.split(' ')[1] ?? '';
      expect(made.stdout).toContain(`postel config tlspubkey add ADDRESS --name ${stem} < ${stem}.cert.pem`);

      const [key, certificate, both] = ['key.pem', 'cert.pem', 'pem'].map((suffix) => read(`${stem}.${suffix}`));
      const x509 = new X509Certificate(certificate ?? '');
      expect(x509.checkPrivateKey(createPrivateKey(key ?? ''))).toBe(true);
      expect(x509.subject).toBe(`CN=${stem}`);
      expect(x509.validFromDate.getTime()).toBeLessThan(Date.now());
      expect(x509.validToDate.getFullYear()).toBeGreaterThan(new Date().getFullYear() + 18);
      expect(both).toBe(`${key}${certificate}`);
      const modes = ['key.pem', 'cert.pem', 'pem', 'p12'].map(
        (suffix) => statSync(path(`${stem}.${suffix}`)).mode & 0o777,
      );
      expect(modes).toEqual([0o600, 0o644, 0o600, 0o600]);

      const [, password = ''] = /shown this once: (\S+)$/m.exec(made.stdout) ?? [];
      const imported = await run('openssl', [
        'pkcs12',
        '-in',
        path(`${stem}.p12`),
        '-nodes',
        '-passin',
        `pass:${password}`,
      ]);
      expect(imported.stdout).toContain(key);
      expect(imported.stdout).toContain(certificate);
    },
  );

  test('makes an old form of PKCS#12 if it shall', async ({ skip }) => {
    requirePrograms(skip, 'openssl');
    const { stdout } = await config('gen old --legacy');
    const [, password = ''] = /shown this once: (\S+)$/m.exec(stdout) ?? [];
    const args = ['pkcs12', '-info', '-noout', '-in', path('old.p12'), '-passin', `pass:${password}`];
    expect((await run('openssl', args)).stderr).toContain('pbeWithSHA1And3-KeyTripleDES-CBC');
  });

  test('replaces nothing, and leaves nothing if it cannot write all', async () => {
    files.write('kept.pem', 'something else');
    expect(await config('gen kept')).toMatchObject({ code: 1, stdout: '' });
    expect(read('kept.pem')).toBe('something else');
    expect(readdirSync(files.path).filter((name) => name.startsWith('kept'))).toEqual(['kept.pem']);
    expect(await config('gen kept')).toMatchObject({ stderr: expect.stringContaining('kept.pem exists') });
    expect(await config('gen nowhere/key')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nowhere/key.key.pem'),
    });
  });

  test.for(['gen', 'gen a b', 'gen dir/', 'gen x --type rsa', `gen ${'x'.repeat(65)}`])(
    '"%s" is no command line',
    async (line) => {
      expect(await config(line)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});

describe('with a server that runs', () => {
  test('a key is added, listed, shown and removed', async () => {
    await config('gen mobile');
    const added = await config('add postel@localhost --name mobile', read('mobile.cert.pem'));
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toMatch(/^Added "mobile" for postel@localhost: ecdsa-p256 key sha256:[\w-]{43}\.$/m);
    const [fingerprint = ''] = FINGERPRINT.exec(added.stdout) ?? [];

    for (const list of ['list', 'list postel', 'list postel@localhost']) {
      expect((await config(list)).stdout).toMatch(
        new RegExp(`^postel +mobile +ecdsa-p256 +preauth +never +${fingerprint}$`, 'm'),
      );
    }
    expect((await config('list other')).stdout).toBe('None.\n');

    const shown = await config(`get ${fingerprint}`);
    expect(shown.stdout).toMatch(/^Address: +postel@localhost$/m);
    expect(shown.stdout).toMatch(/^Last used: +never$/m);
    expect(shown.stdout).toContain(
      new X509Certificate(read('mobile.cert.pem')).publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    );

    const hex = Buffer.from(fingerprint.slice(7), 'base64url').toString('hex');
    expect(await config(`rm ${hex}`)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('say --yes'),
    });
    expect(await config(`rm ${hex} --yes`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"mobile" of account postel'),
    });
    expect((await config('list')).stdout).not.toContain(fingerprint);
    for (const gone of [`get ${fingerprint}`, `rm ${fingerprint}`]) {
      const refused = await config(gone);
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(fingerprint.slice(7)) });
      expect(refused.stderr).not.toContain('this should not happen');
    }
  });

  test('a key without preauth says so', async () => {
    await config('gen tablet --type ed25519');
    const added = await config('add other --no-imap-preauth', read('tablet.pem'));
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('AUTHENTICATE EXTERNAL') });
    expect((await config('list other')).stdout).toMatch(
      /^other +key of \d{4}-\d\d-\d\d +ed25519 +external +never +sha256:/m,
    );
    const [fingerprint = ''] = FINGERPRINT.exec(added.stdout) ?? [];
    expect((await config(`get ${fingerprint}`)).stdout).toMatch(/^Address: +none in particular$/m);
  });

  test('hardening 21: a key that is registered is for no other account, and the admin hears whose it is', async () => {
    await config('gen taken');
    await config('add postel@localhost --name taken', read('taken.cert.pem'));
    const refused = await config('add other@localhost', read('taken.cert.pem'));
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('registered already: "taken" of account postel.');
  });

  test.for([
    ['add postel@localhost', '', 'nothing was given'],
    ['add postel@localhost', 'hello', 'cannot be read'],
    ['add postel@localhost', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'only a private key'],
    ['add postel@localhost', 'x'.repeat(200_000), 'larger than'],
    ['list nobody', '', 'nobody'],
  ] as const)('"%s" with %j is refused, and says why', async ([line, input, message]) => {
    const refused = await config(line, input);
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(message) });
    expect(refused.stderr).not.toContain('this should not happen');
  });

  test('a key is not added to nobody, nor under an unprintable name', async () => {
    await config('gen spare');
    const certificate = read('spare.cert.pem');
    for (const args of [['nobody@localhost'], ['postel@localhost', '--name', 'a\nb']]) {
      const refused = await run(process.execPath, commandLine('add', ...args), certificate);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/nobody@localhost|printable/);
    }
    expect((await config('list')).stdout).not.toContain('spare');
  });

  test.for(['add', 'add a@b c@d', 'get', 'get xyz', 'rm', 'rm abc', 'list a b'])(
    '"%s" is no command line',
    async (line) => {
      expect(await config(line)).toMatchObject({ code: 2, stdout: '' });
    },
  );
});

const path = (name: string) => join(files.path, name);
const read = (name: string) => readFileSync(path(name), 'utf8');
const commandLine = (...args: readonly string[]) => [
  LAUNCHER,
  '--data',
  postel.dataDirectory,
  'config',
  'tlspubkey',
  ...args,
];
const config = (line: string, input = '') => run(process.execPath, commandLine(...line.split(' ')), input);

function run(program: string, args: readonly string[], input = '') {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const child = execFile(program, args, { cwd: files.path }, (error, stdout, stderr) => {
    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
  });
  child.stdin?.on('error', () => {}); // it may have read enough
  child.stdin?.end(input);
  return promise;
}

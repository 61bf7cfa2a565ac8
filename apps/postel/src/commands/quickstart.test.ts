import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '@postel/testkit';
import { expect, test } from 'vitest';
import { runPostel } from '../testing/configured-server.ts';

test('from nothing to a server that could be started, and no second time', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'etc/postel.yaml');
  const data = join(directory.path, 'data');
  const line = ['--data', data, 'quickstart', 'Mary@example.com', '--hostname', 'mx.example.com', '--config', file];
  const made = await runPostel(line, directory.path);
  expect(made.stderr).toContain('there was no certificate for mx.example.com');
  expect(made.code).toBe(0);
  expect(made.stdout).toMatch(/^Wrote .*postel\.yaml\. Account mary has the address Mary@example\.com and administers/);
  expect(made.stdout).toMatch(/shown this once: [a-z0-9-]{12,}\n/);
  expect(made.stdout).toMatch(/^example\.com\..*\bMX\b.*mx\.example\.com\.$/m);
  expect(made.stdout).toMatch(/_domainkey\.example\.com\./);
  expect(made.stdout).toContain(`serve --config ${file}\n`);

  const written = readFileSync(file, 'utf8');
  expect(written).toMatch(/^hostname: mx\.example\.com$/m);
  expect(await runPostel(['config', 'check', '--config', file], directory.path)).toMatchObject({ code: 0 });
  const { stdout } = await runPostel(['config', 'account', 'list', '--json', '--config', file], directory.path);
  expect(JSON.parse(stdout)).toMatchObject({ name: 'mary', addresses: ['mary@example.com'], role: 'owner' });

  const again = await runPostel(line, directory.path);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is there already, and nothing was changed'),
  });
  expect(readFileSync(file, 'utf8')).toBe(written);
}, 180_000);

test('what is no host name is refused before anything is made', async () => {
  using directory = new TemporaryDirectory();
  for (const hostname of ['192.0.2.1', 'mail_1.example.com', 'mail', 'a@mail.example.com']) {
    const line = ['--data', join(directory.path, 'data'), 'quickstart', 'mary@example.com', '--hostname', hostname];
    const refused = await runPostel([...line, '--config', join(directory.path, 'postel.yaml')], directory.path);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`"${hostname}" is not a host name`) });
  }
  expect(readdirSync(directory.path)).toEqual([]);
}, 60_000);

test('names in any script, paths with spaces, and an account that is there under another name', async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'my postel.yaml');
  const data = join(directory.path, 'my data');
  const quickstart = (address: string) =>
    runPostel(
      ['--data', data, 'quickstart', address, '--hostname', 'mail.bücher.example', '--config', file],
      directory.path,
    );
  const made = await quickstart('mary@bücher.example');
  expect(made.stderr).toContain('mail.xn--bcher-kva.example');
  expect(made.stdout).toMatch(/^xn--bcher-kva\.example\. 3600 IN MX 10 mail\.xn--bcher-kva\.example\.$/m);
  expect(made.stdout).toContain(` serve --config "${file}"\n`);
  expect(made.stdout).toContain(`ReadWritePaths="${data}"\n`);
  expect(made.stdout).toContain(`dnscheck xn--bcher-kva.example --config '${file}'\n`);
  expect(readFileSync(file, 'utf8')).toMatch(/^hostname: mail\.xn--bcher-kva\.example$/m);
  expect(await runPostel(['config', 'check', '--config', file], directory.path)).toMatchObject({ code: 0 });

  const added = await runPostel(['config', 'address', 'add', 'boss@bücher.example', 'mary', '--config', file], data);
  expect(added.stderr).not.toContain('postel: ');
  rmSync(file);
  expect((await quickstart('boss@bücher.example')).stdout).toContain('Account mary has the address boss@');
}, 180_000);

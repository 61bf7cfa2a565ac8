import { readFileSync } from 'node:fs';
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

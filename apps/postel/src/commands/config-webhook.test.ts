import { createTestDatabase } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ConfiguredServer, urlOf } from '../testing/configured-server.ts';

test('a webhook is added, listed, changed, tried and removed', async () => {
  await using database = await createTestDatabase();
  await using server = await ConfiguredServer.prepare({ database: { url: urlOf(database.target) } });
  const added = await server.postel('config webhook add https://hook.example/x --events failed,delivered');
  expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Added webhook 1\.\nSecret: [\w-]{43}\n$/) });
  const one = async () => JSON.parse((await server.postel('config webhook list --json')).stdout);
  expect(await one()).toMatchObject({
    id: 1,
    account: null,
    events: ['delivered', 'failed'],
    pausedAt: null,
    waiting: 0,
  });
  expect((await server.postel('config webhook list')).stdout).toMatch(/^1 +\(all\) +https:\/\/hook\.example\/x /m);
  expect((await server.postel('config webhook update 1 --events delayed --pause')).code).toBe(0);
  expect(await one()).toMatchObject({ events: ['delayed'], pausedAt: expect.any(String) });
  const tried = await server.postel('config webhook test 1');
  expect(tried).toMatchObject({ code: 1, stderr: expect.stringContaining('config webhook update 1 --resume') });
  const audit = await server.postel('config audit --json');
  expect(audit.stdout).toContain('"kind":"webhook"');
  expect(audit.stdout).not.toContain(/Secret: (\S+)/.exec(added.stdout)?.[1]);
  expect((await server.postel('config webhook rm 1')).stderr).toContain('say --yes');
  expect((await server.postel('config webhook rm 1 --yes')).stdout).toBe('Removed webhook 1.\n');
  for (const [line, word] of [
    ['add ftp://hook.example/', 'begins with https://'],
    ['add https://hook.example/ --events read', '--events are some of'],
    ['add https://hook.example/ --account nobody', 'There is no account'],
    ['update 1 --resume', 'There is no webhook 1'],
    ['update 1', 'what is to change?'],
    ['rm one', 'is no number of a webhook'],
  ]) {
    const { code, stderr } = await server.postel(`config webhook ${line}`);
    expect([code > 0, stderr]).toEqual([true, expect.stringContaining(word ?? '')]);
  }
}, 120_000);

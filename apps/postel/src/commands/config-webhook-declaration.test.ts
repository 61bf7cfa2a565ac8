import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@postel/storage';
import { createTestDatabase } from '@postel/testkit';
import { expect, test } from 'vitest';
import { ConfiguredServer, urlOf } from '../testing/configured-server.ts';

const SECRET = 'a-secret-of-the-webhook';

test('webhooks are in a dump, and applied elsewhere they are the same, secrets included', async () => {
  await using first = await createTestDatabase();
  await using second = await createTestDatabase();
  await using one = await ConfiguredServer.prepare({ database: { url: urlOf(first.target) } });
  await using other = await ConfiguredServer.prepare({ database: { url: urlOf(second.target) } });
  const said = async (server: ConfiguredServer, line: string) => {
    const { code, stdout, stderr } = await server.postel(line);
    expect([line, code, code === 0 ? '' : stderr]).toEqual([line, 0, '']);
    return stdout;
  };
  let files = 0;
  const fileOf = (text: string) => {
    const file = join(one.directory, `declared-${files++}.yaml`);
    writeFileSync(file, text);
    return file;
  };
  await said(one, 'config account add mary mary@example.com --no-password');
  await said(one, `config webhook add https://hook.example/b --account mary --events failed --secret ${SECRET}`);
  await said(one, 'config webhook add https://hook.example/a');
  await said(one, `config webhook add http://10.0.0.5/a --allow-private --secret ${SECRET}-2`);
  await said(one, 'config webhook add https://hook.example/a --events delayed');
  await said(one, 'config webhook update 3 --pause');

  expect(await said(one, 'config dump')).not.toContain(SECRET);
  const text = await said(one, 'config dump --secrets');
  expect(text).toContain(
    `  - url: https://hook.example/b\n    account: mary\n    events:\n      - failed\n    secret: ${SECRET}\n`,
  );
  expect(text).toContain(`private: true\n    paused: true\n    secret: ${SECRET}-2\n`);
  const file = fileOf(text);
  expect(await said(other, `config apply ${file} --dry-run`)).toContain(
    '+ webhook https://hook.example/a of everybody, 2',
  );
  await said(other, `config apply ${file} --yes`);
  expect(await said(other, 'config dump --secrets')).toBe(text);
  expect(await said(other, `config apply ${file}`)).toBe(`All is as in ${file}.\n`);

  // Nobody who has the database has the secrets.
  for (const { target } of [first, second]) {
    const database = openDatabase(target, { applicationName: 'declaration test', maxConnections: 1 });
    const rows = await database.sql<{ secret: string | null; sealed: Buffer }[]>`
      select secret, sealed_secret as sealed from webhooks`;
    await database.close();
    expect(rows).toHaveLength(4);
    for (const { secret, sealed } of rows) {
      expect([secret, sealed.includes(SECRET)]).toEqual([null, false]);
    }
  }

  // Of a secret alone it is said that it is another; what is not named goes, and stays where the file has no such word.
  const changed = fileOf(text.replace(`secret: ${SECRET}\n`, 'secret: quite-another-secret\n'));
  expect(await other.postel(`config diff ${changed}`)).toMatchObject({
    code: 1,
    stdout: '~ webhook https://hook.example/b of mary: secret: as here -> as in the file\n',
  });
  await said(other, `config apply ${changed} --yes`);
  expect(await said(other, 'config dump --secrets')).toContain('secret: quite-another-secret\n');
  const fewer = fileOf('webhooks:\n  - { url: https://hook.example/b, account: mary, paused: true }\n');
  expect(await other.postel(`config apply ${fewer}`)).toMatchObject({ code: 1 });
  await said(other, `config apply ${fewer} --yes`);
  expect(
    (await said(other, 'config webhook list --json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    {
      account: 'mary',
      url: 'https://hook.example/b',
      events: ['delivered', 'delayed', 'failed'],
      pausedAt: expect.any(String),
    },
  ]);
  expect(await said(other, 'config dump --secrets')).toContain('secret: quite-another-secret\n');
  const audit = await said(other, 'config audit --json');
  expect(audit).toContain('"kind":"webhook"');
  expect(audit).not.toContain('another-secret');

  for (const [webhook, word] of [
    ['{ url: http://hook.example/ }', 'begins with https://'],
    ['{ url: https://hook.example/, events: [read] }', 'must be delivered or delayed or failed'],
    ['{ url: https://hook.example/, events: [] }', 'A webhook wants some of'],
    ['{ url: https://hook.example/, secret: short }', '16 to 200 characters'],
    ['{ url: https://hook.example/, account: nobody }', 'no account "nobody"'],
    ['{ url: https://hook.example/, sceret: x }', 'did you mean secret?'],
  ]) {
    const { code, stderr } = await other.postel(`config apply ${fileOf(`webhooks:\n  - ${webhook}\n`)} --yes`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(word ?? '')]);
  }
}, 240_000);

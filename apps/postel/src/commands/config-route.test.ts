import { randomBytes } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIRECT_SETTINGS } from '@postel/directory';
import { makeClientCertificate, type OwnPostel, SmtpServerForTests, startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVE_DATABASE } from '../fixtures/scripts.ts';
import { CommandRunner } from '../testing/command-runner.ts';

const CANARY = `canary-${randomBytes(9).toString('hex')}`;

let postel: OwnPostel;
let commands: CommandRunner;
beforeAll(async () => {
  postel = await startPostel({ script: SERVE_DATABASE });
  commands = new CommandRunner(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

const route = (line: string, input = '') => commands.run(`config route ${line}`, { input });

test('a route is added, shown, changed and removed, and its secrets are shown by nobody', async () => {
  const added = await route('add provider --host smtp.example.net --tls implicit --user postel', `${CANARY}\n`);
  expect(added).toMatchObject({ code: 0 });
  expect(statSync(join(postel.dataDirectory, 'secrets.key')).mode & 0o777).toBe(0o600);
  const printed = await commands.said('config route print provider');
  expect(printed).toMatch(/^goes to: +smtp\.example\.net:465$/m);
  expect(printed).toMatch(/^secrets: +password$/m);
  expect((await route('add provider --host smtp.example.net')).stderr).toContain('There is a route provider already');

  const { key, cert } = await makeClientCertificate();
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => join(postel.dataDirectory, 'logs', name));
  writeFileSync(keyFile ?? '', key);
  writeFileSync(certFile ?? '', cert);
  const other = await makeClientCertificate();
  writeFileSync(`${certFile}.other`, other.cert);
  const files = (suffix: string) => `--certificate-file ${certFile}${suffix} --key-file ${keyFile}`;
  expect((await route(`update provider ${files('.other')}`)).stderr).toContain('is not that of the certificate');
  await commands.said(`config route update provider --trusted yes --recipients 50 ${files('')}`);
  expect(await commands.json('config route list')).toMatchObject([
    { name: 'provider', isTrusted: true, recipients: 50, secrets: ['password', 'clientKey'], user: 'postel' },
  ]);
  await commands.said('config route update provider --clear certificate-file --clear recipients');

  await commands.said('config route rule add provider --recipient *.Example.org');
  await commands.said('config route rule add direct --sender <> --before 1');
  await commands.said('config route default provider');
  expect(await commands.said('config route rule list')).toMatch(
    /^1 +<> +direct *\n2 +\*\.example\.org +provider *\n +everything else +provider *$/m,
  );
  expect((await route('rm provider --yes')).stderr).toContain('Name another default first');

  const dump = await commands.said('config dump');
  const everything = [
    printed,
    dump,
    await commands.said('config audit --json'),
    await commands.said('config route list --json'),
  ];
  expect(everything.join()).not.toContain(CANARY);
  expect(dump).toContain('default: provider');
  const secret = await commands.said('config dump --secrets');
  expect(secret).toContain(`password: ${CANARY}`);
  const file = join(postel.dataDirectory, 'logs', 'dump.yaml');
  writeFileSync(file, secret);
  expect(await commands.said(`config diff ${file}`)).toBe('');
  writeFileSync(file, secret.replace(CANARY, `${CANARY}-2`).replace('hosts:', 'connections: 3\n    hosts:'));
  const diff = await commands.run(`config diff ${file}`);
  expect(diff).toMatchObject({ code: 1 });
  expect(diff.stdout).toBe('~ route provider: connections: none -> 3; secrets: as here -> as in the file\n');
  await commands.said(`config apply ${file} --yes`);
  expect(await commands.said('config dump --secrets')).toContain(`password: ${CANARY}-2`);

  await commands.said('config route default direct');
  await commands.said('config route rule rm 2 --yes');
  await commands.said('config route rule rm 1 --yes');
  await commands.said('config route rm provider --yes');
  expect(await commands.said('config route list')).toBe('None.\n');
});

test.each([
  ['add direct --host a.example', /built in/],
  ['add UPPER --host a.example', /named by/],
  ['add x --host 192.0.2.1 --tls none', /in the world/],
  ['add x --host a.example --server-key abc', /no SHA-256/],
  ['add x --host a_b.example', /no host/],
  ['add x --source 1.2.3', /no IP address/],
  ['add x --source 192.0.2.1=a_b', /no host name/],
  ['add x --host a.example --tls opportunistic --tls-name b.example', /helps nobody/],
  ['add x --tls implicit', /leave it out/],
  ['add x --proxy-user mary', /no proxy/],
  ['add x --connections 11', /from 1 to 10/],
  ['rule add nowhere --sender a.example', /no route "nowhere"/],
  ['rule add direct --sender a@b@c', /is not an address/],
  ['rule add direct --account nobody', /no account/],
  ['update nowhere --trusted yes', /no route "nowhere"/],
  ['test nowhere', /no route "nowhere"/],
])('what makes no sense is refused, and why: %s', async (line, words) => {
  const said = await route(line);
  expect(said.code).toBe(1);
  expect(said.stderr).toMatch(words);
});

test.each([
  ['update x', /what is to change/],
  ['update x --clear everything', /--clear takes one of/],
  ['add x --trusted maybe', /yes or no/],
  ['rule add direct', /is needed/],
  ['test x --send', /--send needs --to/],
])('a command line that makes no sense is one: %s', async (line, words) => {
  const said = await route(line);
  expect(said.code).toBe(2);
  expect(said.stderr).toMatch(words);
});

test('a route is tried step by step, and nothing is sent', async () => {
  await using server = await SmtpServerForTests.start({}, async (session) => {
    await session.ask('220 smtp.example.net ESMTP');
    await session.ask('250-smtp.example.net', '250-SIZE 1000', '250 AUTH PLAIN');
    await session.ask('235 2.7.0 Welcome');
    await session.ask('250 2.1.0 Ok');
    await session.ask('250 2.1.5 Ok');
    await session.ask('250 2.0.0 Ok');
    session.send('221 2.0.0 Bye');
    return session.heard;
  });
  await commands.run(
    `config route add tried --host 127.0.0.1:${server.port} --tls none --user postel --source 127.0.0.2=out.example.com`,
    {
      input: `${CANARY}\n`,
    },
  );
  const said = await commands.said('config route test tried --to bob@example.org --from mary@example.com');
  expect(await server.result).toEqual([
    'EHLO out.example.com',
    `AUTH PLAIN ${Buffer.from(`\0postel\0${CANARY}`).toString('base64')}`,
    'MAIL FROM:<mary@example.com>',
    'RCPT TO:<bob@example.org>',
    'RSET',
    'QUIT',
  ]);
  expect(said).toContain('connecting to 127.0.0.1 from 127.0.0.2, as out.example.com');
  expect(said).toContain('logged in by PLAIN');
  expect(said).toContain('Nothing was sent');
  expect(said).not.toContain(CANARY);
});

test('a route that does not do says why, what to do, and is an error', async () => {
  await using server = await SmtpServerForTests.start({}, async (session) => {
    await session.ask('220 smtp.example.net ESMTP');
    await session.ask('250-smtp.example.net', '250 AUTH PLAIN');
    await session.ask('535 5.7.8 Wrong\u001b[2J');
  });
  await postel.useDirectory(({ routes }) =>
    routes.add('wrong', { ...DIRECT_SETTINGS, hosts: [`127.0.0.1:${server.port}`], tls: 'none' }, null),
  );
  await commands.run('config route update wrong --user postel --new-password', { input: `${CANARY}\n` });
  const said = await route('test wrong');
  expect(said).toMatchObject({ code: 1, stderr: 'postel: The route wrong does not do.\n' });
  expect(said.stdout).toContain('refuses the login by PLAIN: 535 5.7.8 Wrong?[2J');
  expect(said.stdout).toContain('Is it the right user and password?');
});
